//! Unlocking: every collection, by whatever way the backend has, and looked at again afterwards.

use sd_wire::bounded::{List, Text};
use sd_wire::deadline::PASSPHRASES;
use sd_wire::fault::Fault;
use sd_wire::outcome::Collection;
use sd_wire::passphrase::{Unlocks, Wanted};
use zbus::zvariant::OwnedObjectPath;

use crate::asking::Asking;
use crate::backend::Backend;
use crate::session::Session;
use crate::{find, first, master, prompt};

/// Unlocks every collection that is locked; a backend that has none yet gets its first.
///
/// First as the Secret Service has it, which is enough for a collection without a passphrase. If that takes a prompt:
/// by a passphrase typed on the screen where the backend takes one, else by the backend's own prompt.
///
/// # Errors
/// [`Fault::WrongPassphrase`], [`Fault::Dismissed`], [`Fault::NoPassphrase`] by what the person did;
/// [`Fault::Refused`] when a collection stays locked although all went well.
pub(crate) async fn all(backend: &Backend, asking: &Asking<'_>) -> Result<(), Fault> {
    let locked = find::all_locked(backend).await?;
    if locked.is_empty() {
        return if first::is_now(backend).await? { first::collection(backend, asking).await } else { Ok(()) };
    }
    let paths = locked.iter().map(|one| find::object(&one.path)).collect::<Result<Vec<_>, _>>()?;
    let (_, wanted): (Vec<OwnedObjectPath>, OwnedObjectPath) = backend.service("Unlock", &(paths,)).await?;
    if prompt::is_one(&wanted) {
        if master::unlocks(backend).await? {
            prompt::dismiss(backend, &wanted).await;
            by_passphrases(backend, asking).await?;
        } else {
            let _ = prompt::perform(backend, &wanted, asking).await?;
        }
    }
    match find::all_locked(backend).await?.first() {
        None => Ok(()),
        Some(still) => {
            sd_journal::error(format!("{} stays locked although the backend unlocked it", still.path));
            Err(Fault::Refused)
        }
    }
}

async fn by_passphrases(backend: &Backend, asking: &Asking<'_>) -> Result<(), Fault> {
    let session = backend.session().await?;
    if !session.is_encrypted() {
        sd_journal::error("the backend offers no encrypted session, so it gets no passphrase");
        return Err(Fault::Refused);
    }
    for collection in find::all_locked(backend).await? {
        // gnome-keyring opens further collections by passphrases that it keeps in `login`.
        if backend.of_collection(&collection.path, "Locked").await? {
            by_passphrase(backend, session, &collection, asking).await?;
        }
    }
    Ok(())
}

async fn by_passphrase(
    backend: &Backend,
    session: &Session,
    collection: &Collection,
    asking: &Asking<'_>,
) -> Result<(), Fault> {
    let mut wrong = None;
    for turn in 1..=PASSPHRASES {
        let passphrase = asking.passphrase(wanted(collection, wrong, turn))?;
        match master::unlock(backend, session, &collection.path, &passphrase).await {
            Err(why @ (Fault::WrongPassphrase | Fault::Refused)) => wrong = Some(why.into()),
            Ok(()) => match first::meant(backend, session, collection, &passphrase, asking).await? {
                true => return Ok(()),
                false => wrong = Some(Wrong::NotTheSame),
            },
            Err(why) => return Err(why),
        }
    }
    Err(wrong.map_or(Fault::WrongPassphrase, Wrong::fault))
}

/// What was wrong with the last passphrase.
#[derive(Clone, Copy)]
enum Wrong {
    Backend(Fault),
    NotTheSame,
}

impl From<Fault> for Wrong {
    fn from(why: Fault) -> Self {
        Self::Backend(why)
    }
}

impl Wrong {
    fn fault(self) -> Fault {
        match self {
            Self::Backend(why) => why,
            Self::NotTheSame => Fault::WrongPassphrase,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Backend(Fault::WrongPassphrase) => "wrong passphrase",
            Self::Backend(_) => "the backend did not take that passphrase",
            Self::NotTheSame => first::NOT_THE_SAME,
        }
    }
}

fn wanted(collection: &Collection, wrong: Option<Wrong>, turn: u32) -> Wanted {
    let wrong = wrong.map(|why| Text::clipped(why.text()));
    let number = |n: u32| u8::try_from(n).unwrap_or(u8::MAX);
    Wanted {
        unlocks: Unlocks::Collection { label: Text::clipped(&collection.label) },
        lines: List::default(),
        wrong,
        tries: Some((number(turn), number(PASSPHRASES))),
    }
}
