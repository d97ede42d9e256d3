//! `sd-gate` as a desktop program sees it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sd_sys::payload::Payload;
use sd_sys::secret::Secret;
use sd_wire::bounded::Attributes;
use sd_wire::claims::Claims;
use sd_wire::deadline;
use sd_wire::id::AskId;
use sd_wire::import::{Fate, Manifest};
use sd_wire::line::Words;
use sd_wire::outcome::{Collections, Found, Granted, Listed};
use sd_wire::parties::Parties;
use sd_wire::path::{CollectionPath, ItemPath};
use std::os::fd::AsFd;
use zbus::Connection;

use crate::answer::Answer;
use crate::call::refused;
use crate::claims::dictionary;
use crate::ear::{Ear, Heard};
use crate::home::{Home, by};
use crate::known::Known;
use crate::request::{self, Request};
use crate::{Failure, parties};

/// The interface, and the name that the first user's gate owns.
pub(crate) const INTERFACE: &str = "net.mowaka.SecretsDispatcher1";
pub(crate) const OBJECT: &str = "/net/mowaka/SecretsDispatcher1";

/// How long the gate may take to take a request in. It answers at once: all waiting is done on the sink.
pub(crate) const INTAKE: Duration = Duration::from_secs(1);

/// How long the gate may take to find something out from the approval screen, to which it gives 3 s itself.
pub(crate) const INQUIRY: Duration = Duration::from_secs(4);

/// How long locking may take: an order in each of two workers, and a moment for the answer.
const LOCKING: Duration =
    deadline::DECIDE_WAITS.saturating_add(deadline::DECIDE_WAITS).saturating_add(deadline::UPLOAD);

/// A connection to the system bus, and whose answers to believe. Its clones share the connection.
#[derive(Clone)]
pub struct Gate {
    pub(crate) bus: Connection,
    pub(crate) parties: Parties,
    pub(crate) known: Option<Arc<Known>>,
    ear: Option<Arc<dyn Ear>>,
}

/// A detached OpenPGP signature.
pub struct Signature {
    /// The signature, armoured.
    pub bytes: Vec<u8>,
    /// The lines that gpg's `--status-fd` would have shown, without `[GNUPG:] ` before them.
    pub status: String,
}

/// Carries on what a connection does that was built without a thread of its own (`internal_executor(false)`): takes in
/// what comes, until it is closed. Whoever waits for something that comes by it has this running.
pub fn turn(bus: &Connection) -> impl Future<Output = ()> + Send + use<> {
    let executor = bus.executor().clone();
    async move {
        while !executor.is_empty() {
            executor.tick().await;
        }
    }
}

impl Gate {
    /// Reads who may answer, and connects to the system bus. The gate itself may start later or
    /// again: it is looked up for each request.
    ///
    /// # Errors
    /// [`Failure::Misconfigured`] without a parties file that can be trusted; [`Failure::System`] without a bus.
    pub async fn connect() -> Result<Self, Failure> {
        Self::connected(true).await
    }

    /// As [`Gate::connect`], for a caller that carries the connection on itself, by [`Gate::turn`]: no thread is started
    /// for it, and nothing is handed from thread to thread.
    ///
    /// # Errors
    /// As [`Gate::connect`].
    pub async fn connect_here() -> Result<Self, Failure> {
        Self::connected(false).await
    }

    /// Takes in what comes from the bus, until the connection is closed.
    pub fn turn(&self) -> impl Future<Output = ()> + Send + use<> {
        turn(&self.bus)
    }

    async fn connected(by_itself: bool) -> Result<Self, Failure> {
        let parties = parties::own()?;
        let connected = async {
            let builder = zbus::connection::Builder::system()?;
            builder.method_timeout(INQUIRY).internal_executor(by_itself).build().await
        };
        let lost = |e: zbus::Error| Failure::System(format!("the system bus cannot be reached: {e}"));
        let bus = by(Instant::now() + INTAKE, async { connected.await.map_err(lost) }).await?;
        Ok(Self { bus, parties, known: None, ear: None })
    }

    /// For a program that stays: keeps in mind who the gate is as long as the bus says nothing else, instead of asking
    /// the bus twice before each request.
    ///
    /// # Errors
    /// [`Failure::System`] when the bus does not let us listen.
    pub async fn kept(self) -> Result<Self, Failure> {
        let known = Known::listen(&self.bus, &self.own_name()).await.map_err(refused)?;
        Ok(Self { known: Some(Arc::new(known)), ..self })
    }

    /// That `ear` hears of every request made through this and its clones.
    #[must_use]
    pub fn heard_by(self, ear: Arc<dyn Ear>) -> Self {
        Self { ear: Some(ear), ..self }
    }

    /// The same, of whose requests nobody hears.
    #[must_use]
    pub fn quietly(self) -> Self {
        Self { ear: None, ..self }
    }

    /// Whether the system bus has hung up; then only a new [`Gate::connect`] helps.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.bus.is_closed()
    }

    /// The secret of one item, and its media type.
    ///
    /// # Errors
    /// Any [`Failure`]; [`Failure::Ended`] says what the person or a stage decided.
    pub async fn read(&self, item: &ItemPath, claims: &Claims) -> Result<(Secret, String), Failure> {
        let answer = self.ask(&request::Secret { item }, claims, deadline::REQUESTER).await?;
        match answer.granted().await? {
            Granted::Secret { len, content_type } => {
                Ok((answer.secret(len).await?, content_type.as_str().to_owned()))
            }
            other => Err(unasked(&other)),
        }
    }

    /// That these items may be read for some time without a further keypress; returns that time, and what the person
    /// saw of the items: none of them when that is more than a sink takes at once.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn access(&self, items: &[ItemPath], claims: &Claims) -> Result<(Duration, Listed), Failure> {
        let answer = self.ask(&request::Access { items }, claims, deadline::REQUESTER).await?;
        let (seconds, shown) = answer.approved().await?;
        Ok((Duration::from_secs(seconds.into()), shown))
    }

    /// Labels and attributes of everything in a collection, or in all.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn list(
        &self,
        collection: Option<&CollectionPath>,
        claims: &Claims,
    ) -> Result<Listed, Failure> {
        let answer = self.ask(&request::List { collection }, claims, deadline::REQUESTER).await?;
        match answer.granted().await? {
            Granted::Listed { len } => answer.json(len).await,
            other => Err(unasked(&other)),
        }
    }

    /// The items with these attributes, in one collection or in all. Needs no keypress, unless items are hidden.
    ///
    /// # Errors
    /// Any [`Failure`]; [`Failure::Timeout`] after [`deadline::WITHOUT_KEYPRESS`].
    pub async fn search(
        &self,
        collection: Option<&CollectionPath>,
        attributes: &Attributes,
        claims: &Claims,
    ) -> Result<Found, Failure> {
        self.found(collection, attributes, claims, deadline::WITHOUT_KEYPRESS).await
    }

    /// As [`Gate::search`], where that needs a keypress: [`sd_wire::metadata::Metadata::Hidden`].
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn search_by_key(
        &self,
        collection: Option<&CollectionPath>,
        attributes: &Attributes,
        claims: &Claims,
    ) -> Result<Found, Failure> {
        self.found(collection, attributes, claims, deadline::REQUESTER).await
    }

    async fn found(
        &self,
        collection: Option<&CollectionPath>,
        attributes: &Attributes,
        claims: &Claims,
        patience: Duration,
    ) -> Result<Found, Failure> {
        let request = request::Search { collection, attributes };
        let answer = self.ask(&request, claims, patience).await?;
        match answer.granted().await? {
            Granted::Found { len } => answer.json(len).await,
            other => Err(unasked(&other)),
        }
    }

    /// The collections' names, labels and lock state. Needs no keypress.
    ///
    /// # Errors
    /// Any [`Failure`]; [`Failure::Timeout`] after [`deadline::WITHOUT_KEYPRESS`].
    pub async fn collections(&self, claims: &Claims) -> Result<Collections, Failure> {
        let answer = self.ask(&request::Collections, claims, deadline::WITHOUT_KEYPRESS).await?;
        match answer.granted().await? {
            Granted::Collections { len } => answer.json(len).await,
            other => Err(unasked(&other)),
        }
    }

    /// Stores a secret; returns the path of the item that was made or replaced.
    ///
    /// # Errors
    /// Any [`Failure`].
    #[expect(clippy::too_many_arguments, reason = "an item has that many parts, and none is optional")]
    pub async fn store(
        &self,
        collection: &CollectionPath,
        label: &str,
        attributes: &Attributes,
        secret: &Secret,
        content_type: &str,
        replace: bool,
        claims: &Claims,
    ) -> Result<ItemPath, Failure> {
        let request = request::Store { collection, label, attributes, content_type, replace };
        let answer = self.ask(&request, claims, deadline::REQUESTER).await?;
        match answer.granted_after_upload(secret).await? {
            Granted::Stored { item } => Ok(item),
            other => Err(unasked(&other)),
        }
    }

    /// Stores the items of a manifest, whose secrets stand one behind the other in `secrets`; `settled` hears what became
    /// of each, by its number in the manifest, as soon as that is known, also where the whole fails later.
    ///
    /// # Errors
    /// Any [`Failure`]; then what `settled` has heard of is done all the same.
    pub async fn import(
        &self,
        manifest: &Manifest,
        secrets: &Secret,
        collection: &CollectionPath,
        replace: bool,
        claims: &Claims,
        settled: impl FnMut(u32, Fate),
    ) -> Result<(), Failure> {
        let line = manifest.to_line().map_err(|e| Failure::Misconfigured(e.to_string()))?;
        let request = request::Import { manifest: &Payload::seal(&line)?, collection, replace };
        let answer = self.ask(&request, claims, deadline::REQUESTER).await?;
        match answer.imported(manifest, secrets, settled).await? {
            Granted::Imported {} => Ok(()),
            other => Err(unasked(&other)),
        }
    }

    /// Deletes an item.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn delete(&self, item: &ItemPath, claims: &Claims) -> Result<(), Failure> {
        let answer = self.ask(&request::Delete { item }, claims, deadline::REQUESTER).await?;
        match answer.granted().await? {
            Granted::Deleted {} => Ok(()),
            other => Err(unasked(&other)),
        }
    }

    /// Puts another secret into an item.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn set_secret(
        &self,
        item: &ItemPath,
        secret: &Secret,
        content_type: &str,
        claims: &Claims,
    ) -> Result<(), Failure> {
        let request = request::SetSecret { item, content_type };
        let answer = self.ask(&request, claims, deadline::REQUESTER).await?;
        match answer.granted_after_upload(secret).await? {
            Granted::Stored { .. } | Granted::Changed { .. } => Ok(()),
            other => Err(unasked(&other)),
        }
    }

    /// Signs a payload with a key as git names it; empty for the companion's default key. `objects` prove which files a
    /// commit changes (`sd_git::bundle`).
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn sign(
        &self,
        payload: &Payload,
        objects: Option<&Payload>,
        key: &str,
        claims: &Claims,
    ) -> Result<Signature, Failure> {
        let request = request::Signature { payload, objects, key };
        let answer = self.ask(&request, claims, deadline::REQUESTER).await?;
        match answer.granted().await? {
            Granted::Signature { len, status } => {
                Ok(Signature { bytes: answer.signature(len).await?, status: status.as_str().to_owned() })
            }
            other => Err(unasked(&other)),
        }
    }

    /// That the store be locked, all of it: the backend's collections, and gpg-agent's passphrases. Needs no keypress.
    ///
    /// # Errors
    /// Any [`Failure`]; then something may be locked already.
    pub async fn lock(&self, claims: &Claims) -> Result<(), Failure> {
        self.ask(&request::Lock, claims, LOCKING).await?.locked().await
    }

    /// That the store be unlocked, all of it; the passphrases are typed on the approval screen.
    ///
    /// # Errors
    /// Any [`Failure`]; then something may be unlocked already.
    pub async fn unlock(&self, claims: &Claims) -> Result<(), Failure> {
        self.ask(&request::Unlock, claims, deadline::REQUESTER).await?.unlocked().await
    }

    /// Takes back an ask of this user's, whichever program made it.
    ///
    /// # Errors
    /// [`Failure::NoSuch`] when none of this id waits; [`Failure::Absent`] without a gate.
    pub async fn cancel(&self, id: &AskId) -> Result<(), Failure> {
        self.call(INTERFACE, "Cancel", &(id.as_str()), INQUIRY).await.map(|_| ())
    }

    pub(crate) async fn ask<R: Request>(
        &self,
        request: &R,
        claims: &Claims,
        patience: Duration,
    ) -> Result<Answer, Failure> {
        let (home, sink) = Home::pair(self.parties, patience)?;
        let body = request.body(sink.as_fd(), dictionary(claims))?;
        let reply = self.call(INTERFACE, R::MEMBER, &body, INTAKE).await;
        // From here on the sink has but the holders that the gate gives it: when they are gone, we see it.
        drop(body);
        drop(sink);
        let reply = reply?;
        let body = reply.body();
        let id = body.deserialize::<&str>().map_err(|e| Failure::Garbled(e.to_string()))?;
        let id = AskId::parse(id).map_err(|e| Failure::Garbled(e.to_string()))?;
        // What needs no key is over before anybody could be told of it.
        let ear = self.ear.as_ref().filter(|_| patience > deadline::WITHOUT_KEYPRESS);
        let heard = ear.map(|ear| Heard::asked(ear, &id, R::KIND, claims));
        Ok(Answer::new(home, id, heard))
    }
}

pub(crate) fn unasked(granted: &Granted) -> Failure {
    let what = match granted {
        Granted::Secret { .. } => "a secret",
        Granted::Found { .. } => "a search's result",
        Granted::Collections { .. } => "a list of collections",
        Granted::Stored { .. } => "a stored item",
        Granted::Imported {} => "an import",
        Granted::Deleted {} => "a deletion",
        Granted::Listed { .. } => "a list of items",
        Granted::Changed { .. } => "a change",
        Granted::Signature { .. } => "a signature",
    };
    Failure::Garbled(format!("{what} came, which was not asked for"))
}

#[cfg(test)]
mod tests;
