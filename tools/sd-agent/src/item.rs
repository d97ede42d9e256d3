//! org.freedesktop.Secret.Item: locked for each application until a person has approved it for that application.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;
use sd_cipher::Cipher;
use sd_client::Failure;
use sd_sys::secret::Secret;
use sd_wire::deadline::WITHOUT_KEYPRESS;
use sd_wire::path::ItemPath;
use zbus::Message;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::OwnedObjectPath;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::dispatch::Turn;
use crate::place::Place;
use crate::prompt::{self, Work};
use crate::refusal::Refusal;
use crate::{collection, session, store};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Item";

/// The most asks that a connection's direct reads may open at once.
const MOST_REOPENED: usize = 8;
/// How long after a refusal a direct read of the same item opens no new ask.
const AFTER_REFUSAL: Duration = Duration::from_secs(3);
/// The most items of one GetSecrets.
const MOST_SECRETS: usize = 64;

/// A secret as the specification passes it: session, parameters, value, content type.
type SecretResult = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(crate) async fn answer(turn: &Turn<'_>, item: &ItemPath) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "GetSecret" => secret(turn, item).await,
        "Delete" => {
            turn.call.no_arguments()?;
            let item = collection::real_item(turn, item.clone()).await?;
            turn.call.reply(&prompt::make(turn, Work::Delete(item))?)
        }
        "SetSecret" => Err(turn.not_yet("changing a stored secret (create the item anew with replace)")),
        _ => Err(turn.no_such_method()),
    }
}

async fn secret(turn: &Turn<'_>, item: &ItemPath) -> Result<Message, Refusal> {
    let path: OwnedObjectPath = turn.call.arguments()?;
    let cipher = session::of(turn, &path)?;
    let item = collection::real_item(turn, item.clone()).await?;
    let by = Instant::now() + WITHOUT_KEYPRESS;
    if turn.approved(&item) {
        match read(turn.desk, turn.caller, &item, by).await {
            Ok(secret) => return turn.call.reply(&(sealed(&cipher, &path, &secret)?,)),
            // The grant was gone before our note of it: as if there had been none.
            Err(failure) if failure.is_refusal() => turn.desk.forget(&turn.caller.app, &item),
            Err(failure) => return Err(failure.into()),
        }
    }
    reopen(turn, item);
    Err(Refusal::is_locked(
        "this secret needs your approval: press Ctrl+Alt+F8, answer there (VT8), and try again",
    ))
}

/// Service.GetSecrets: what is not approved is left out.
pub(crate) async fn secrets(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let (paths, session): (Vec<OwnedObjectPath>, OwnedObjectPath) = turn.call.arguments()?;
    let cipher = session::of(turn, &session)?;
    if paths.len() > MOST_SECRETS {
        return Err(Refusal::limits_exceeded(format!("at most {MOST_SECRETS} secrets can be had at once")));
    }
    let by = Instant::now() + WITHOUT_KEYPRESS;
    let mut reads = Vec::new();
    for path in paths {
        let Some(Place::Item(item)) = Place::of(path.as_str()) else { continue };
        let item = collection::real_item(turn, item).await?;
        if !turn.approved(&item) {
            continue;
        }
        let (desk, caller) = (turn.desk.clone(), turn.caller.clone());
        // Side by side, since all must be answered within one call's time.
        reads.push(smol::spawn(async move { (path, read(&desk, &caller, &item, by).await) }));
    }
    let mut secrets: HashMap<OwnedObjectPath, SecretResult> = HashMap::new();
    for read in reads {
        let (path, secret) = read.await;
        match secret {
            Ok(secret) => {
                secrets.insert(path, sealed(&cipher, &session, &secret)?);
            }
            Err(failure) => {
                sd_journal::warning(format_args!("an approved secret was not released: {failure}"));
            }
        }
    }
    turn.call.reply(&secrets)
}

fn sealed(
    cipher: &Cipher,
    session: &OwnedObjectPath,
    (secret, content_type): &(Secret, String),
) -> Result<SecretResult, Refusal> {
    let (parameters, value) = cipher.seal(secret)?;
    Ok((session.clone(), parameters, value.to_vec(), content_type.clone()))
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

/// Opens the ask that a direct read lacked, so that the next try succeeds. One an item, whatever the caller repeats.
fn reopen(turn: &Turn<'_>, item: ItemPath) {
    let (desk, caller, sender) = (turn.desk.clone(), turn.caller.clone(), turn.call.sender.clone());
    turn.desk.seat(&turn.call.sender, |seat| {
        if seat.reopened.len() < MOST_REOPENED && !seat.reopened.contains_key(&item) {
            let task = smol::spawn(ask_again(desk, caller, sender, item.clone()));
            seat.reopened.insert(item, task);
        }
    });
}

async fn ask_again(desk: Arc<Desk>, caller: Caller, sender: OwnedUniqueName, item: ItemPath) {
    let items = [item];
    let claims = caller.claims();
    let asked = async {
        store::open_for_items(&desk, &items, &claims).await?;
        desk.asks.access(&items, &claims).await
    };
    match asked.await {
        Ok(lives) => desk.approve(&caller.app, &items, lives),
        Err(failure) => {
            sd_journal::info(format_args!("a read ended unapproved: {failure}"));
            // A client that retries in a loop must not fill the screen again in the same breath.
            Timer::after(AFTER_REFUSAL).await;
        }
    }
    let [item] = items;
    if let Some(task) = desk.seat(&sender, |seat| seat.reopened.remove(&item)).flatten() {
        task.detach();
    }
}
