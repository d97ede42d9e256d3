//! org.freedesktop.Secret.Item: locked for each application until a person has approved it for that application.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_io::Timer;
use sd_cipher::Cipher;
use sd_client::{Failure, screen};
use sd_sys::secret::Secret;
use sd_wire::ask::MAX_ITEMS;
use sd_wire::bounded::Text;
use sd_wire::deadline::WITHOUT_KEYPRESS;
use sd_wire::fault::Fault;
use sd_wire::outcome::What;
use sd_wire::path::ItemPath;
use zbus::Message;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};
use zeroize::Zeroizing;

use crate::caller::Caller;
use crate::collection::SecretArgument;
use crate::desk::Desk;
use crate::dispatch::Turn;
use crate::opened::{self, About};
use crate::place::Place;
use crate::prompt::{self, Work};
use crate::refusal::Refusal;
use crate::{browser, change, collection, dummy, lanes, news, session, stand_in, store};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Item";

/// The most secrets that a connection may have on their way into items at once.
const MOST_HELD: usize = 4;

/// What is left of a call's time when the last of many reads may begin.
const ONE_READ: Duration = Duration::from_millis(600);

/// A secret as the specification passes it: session, parameters, value, content type.
type SecretResult = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(crate) async fn answer(turn: &Turn<'_>, item: &ItemPath) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "GetSecret" => secret(turn, item).await,
        "Delete" => {
            turn.call.no_arguments()?;
            if dummy::delete(turn, item) {
                return turn.call.reply(&ObjectPath::from_static_str_unchecked("/"));
            }
            let item = collection::real_item(turn, item.clone()).await?;
            turn.call.reply(&prompt::make(turn, Work::Delete(item))?)
        }
        "SetSecret" => set_secret(turn, item).await,
        _ => Err(turn.no_such_method()),
    }
}

async fn secret(turn: &Turn<'_>, item: &ItemPath) -> Result<Message, Refusal> {
    let path: OwnedObjectPath = turn.call.arguments()?;
    let cipher = session::of(turn, &path)?;
    let item = collection::real_item(turn, item.clone()).await?;
    if browser::asks(turn.desk, &turn.call.sender, std::slice::from_ref(&item)) && !turn.approved(&item) {
        // Chromium 150 and some after it unlock the collection alone. Asked for in vain, what it could not read is gone.
        wait_for(turn, &item).await;
    }
    let by = Instant::now() + WITHOUT_KEYPRESS;
    if dummy::is(turn, &item) {
        return turn.call.reply(&(sealed(&cipher, &path, &dummy::secret()?)?,));
    }
    if turn.approved(&item) {
        match read(turn.desk, turn.caller, &item, by).await {
            Ok(secret) => return turn.call.reply(&(sealed(&cipher, &path, &secret)?,)),
            // The grant was gone before our note of it: as if there had been none.
            Err(failure) if is_over(&failure) => ended(turn, &item),
            Err(failure) => return Err(failure.into()),
        }
    }
    Err(reopen(turn, vec![item]))
}

/// Waits for a person to approve a read, for as long as GDBus and Chromium bear.
async fn wait_for(turn: &Turn<'_>, item: &ItemPath) {
    let deadline = Instant::now() + turn.patience;
    let late = async {
        Timer::at(deadline).await;
    };
    if let Ok(ended) = opened::open(turn, About::Read(vec![item.clone()])) {
        smol::future::or(async { drop(ended.how().await) }, late).await;
    }
}

/// Opens the ask that a direct read lacked, so that the next try succeeds, and says so.
fn reopen(turn: &Turn<'_>, items: Vec<ItemPath>) -> Refusal {
    // If it cannot be opened, this try has failed all the same.
    let _ = opened::open(turn, About::Read(items));
    Refusal::is_locked(format!(
        "this secret needs your approval: press {}, answer there ({}), and try again",
        screen::key(),
        screen::name()
    ))
}

/// Puts another secret into an item. There is no prompt for that, and the secret is not kept until the next try: so the
/// call itself waits for the person, for as long as most clients bear.
async fn set_secret(turn: &Turn<'_>, item: &ItemPath) -> Result<Message, Refusal> {
    // One structure; zbus takes its fields for the arguments, which on the wire they are just as well.
    let (session, parameters, value, content_type): SecretArgument = turn.call.arguments()?;
    let value = Zeroizing::new(value);
    let cipher = session::of(turn, &session)?;
    sd_cipher::fits(&value)?;
    let content_type: Text<256> =
        Text::new(content_type).map_err(|e| Refusal::limits_exceeded(e.to_string()))?;
    let item = collection::real_item(turn, item.clone()).await?;
    if dummy::is(turn, &item) {
        return Err(Refusal::not_supported("this item is made up, and has the secret that it has"));
    }
    let secret = cipher.open(&parameters, &value)?;
    drop(value);
    let (desk, claims, its_item) = (turn.desk.clone(), turn.caller.claims(), item.clone());
    let caller = turn.caller.clone();
    let setting = async move {
        store::open_for_items(&desk, std::slice::from_ref(&its_item), &claims).await?;
        let its_item = stand_in::needed(&desk, &caller, its_item).await?;
        desk.asks.set_secret(&its_item, &secret, &content_type, &claims).await
    };
    held(turn, setting).await?;
    news::item_changed(turn.desk, &turn.caller.app, &item);
    news::wrote(turn.desk, &turn.caller.app, &item);
    turn.call.reply(&())
}

/// Lets something go on for the caller while its call waits, and no longer than the caller stays.
async fn held(
    turn: &Turn<'_>,
    work: impl Future<Output = Result<(), Failure>> + Send + 'static,
) -> Result<(), Refusal> {
    let deadline = Instant::now() + turn.patience;
    let number = turn.desk.number();
    let (done, ended) = smol::channel::bounded(1);
    turn.desk.seated(&turn.call.sender, |seat| {
        if seat.held.len() >= MOST_HELD {
            let text =
                format!("{MOST_HELD} secrets of yours wait for an answer ({}) already", screen::name());
            return Err(Refusal::limits_exceeded(text));
        }
        let task = smol::spawn(async move {
            // Nobody listens any more when the call has ended.
            let _ = done.send(work.await).await;
        });
        seat.held.insert(number, task);
        Ok(())
    })?;
    let late = async {
        Timer::at(deadline).await;
        None
    };
    let ended = smol::future::or(async { ended.recv().await.ok() }, late).await;
    // Withdraws the ask if it still stands.
    drop(turn.desk.seat(&turn.call.sender, |seat| seat.held.remove(&number)));
    match ended {
        Some(ended) => Ok(ended?),
        None => Err(change::waits()),
    }
}

/// Service.GetSecrets: what is not approved is left out, and asked for. When that leaves nothing, it is an error: an empty
/// answer would say that there are no secrets.
pub(crate) async fn secrets(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let (paths, session): (Vec<OwnedObjectPath>, OwnedObjectPath) = turn.call.arguments()?;
    let cipher = session::of(turn, &session)?;
    if paths.len() > MAX_ITEMS {
        return Err(Refusal::limits_exceeded(format!("at most {MAX_ITEMS} secrets can be had at once")));
    }
    let by = Instant::now() + WITHOUT_KEYPRESS;
    let mut secrets: HashMap<OwnedObjectPath, SecretResult> = HashMap::new();
    let (mut approved, mut lacking) = (VecDeque::new(), Vec::new());
    for path in paths {
        let Some(Place::Item(item)) = Place::of(path.as_str()) else { continue };
        let Some(item) = collection::there(turn, item).await? else { continue };
        if dummy::is(turn, &item) {
            secrets.insert(path, sealed(&cipher, &session, &dummy::secret()?)?);
            continue;
        }
        if !turn.approved(&item) {
            lacking.push(item);
            continue;
        }
        approved.push_back((path, item));
    }
    let wanted = approved.len();
    for (path, item, secret) in read_all(turn, approved, by).await {
        match secret {
            Ok(secret) => {
                secrets.insert(path, sealed(&cipher, &session, &secret)?);
            }
            Err(failure) if is_over(&failure) => {
                ended(turn, &item);
                lacking.push(item);
            }
            Err(failure) => {
                sd_journal::warning(format_args!("an approved secret was not released: {failure}"));
            }
        }
    }
    if wanted > 0 && secrets.is_empty() && lacking.is_empty() {
        return Err(Refusal::failed(format!(
            "none of these secrets came in time; look at {}, and try again",
            screen::name()
        )));
    }
    if !lacking.is_empty() {
        let refusal = reopen(turn, lacking);
        if secrets.is_empty() {
            return Err(refusal);
        }
    }
    turn.call.reply(&secrets)
}

/// Reads approved items, as many as there is time for; the others stay approved, and can be read one by one.
///
/// As many side by side as may be on their way at once: a read that waits for its turn here would look like one that
/// waits for a key.
async fn read_all(
    turn: &Turn<'_>,
    items: VecDeque<(OwnedObjectPath, ItemPath)>,
    by: Instant,
) -> Vec<(OwnedObjectPath, ItemPath, Result<(Secret, String), Failure>)> {
    let items = Arc::new(Mutex::new(items));
    let readers = (0..lanes::QUICK).map(|_| {
        let (desk, caller, items) = (turn.desk.clone(), turn.caller.clone(), Arc::clone(&items));
        smol::spawn(async move {
            let mut done = Vec::new();
            while Instant::now() + ONE_READ < by {
                let next = items.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some((path, item)) = next else { break };
                let secret = read(&desk, &caller, &item, by).await;
                done.push((path, item, secret));
            }
            done
        })
    });
    let readers: Vec<_> = readers.collect();
    let mut done = Vec::new();
    for reader in readers {
        done.extend(reader.await);
    }
    done
}

fn sealed(
    cipher: &Cipher,
    session: &OwnedObjectPath,
    (secret, content_type): &(Secret, String),
) -> Result<SecretResult, Refusal> {
    let (parameters, value) = cipher.seal(secret)?;
    Ok((session.clone(), parameters, value.to_vec(), content_type.clone()))
}

/// Whether a read failed because there is no grant any more: it has ended, or somebody has changed the item since.
fn is_over(failure: &Failure) -> bool {
    let changed = |what: &What| matches!(what, What::Failed { why: Fault::Changed, .. });
    failure.is_refusal() || matches!(failure, Failure::Ended(what) if changed(what))
}

fn ended(turn: &Turn<'_>, item: &ItemPath) {
    turn.desk.forget(&turn.caller.app, item);
    news::locks(turn.desk, &turn.caller.app, std::slice::from_ref(item), true);
}

/// Reads an approved item. A read that is not answered at once is waiting for a key: it is withdrawn.
async fn read(
    desk: &Desk,
    caller: &Caller,
    item: &ItemPath,
    by: Instant,
) -> Result<(Secret, String), Failure> {
    let claims = caller.claims();
    let late = async {
        Timer::at(by).await;
        Err(Failure::Timeout)
    };
    smol::future::or(desk.asks.read(item, &claims), late).await
}
