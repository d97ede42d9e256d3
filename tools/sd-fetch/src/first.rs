//! The first start: a passphrase that a person chooses.
//!
//! gnome-keyring has no collection then: it gets one, which becomes the default. oo7-daemon has one that any passphrase
//! opens, and the one by which it was open when the first item was stored becomes its own. Everything will be in it, so
//! a new passphrase is typed twice.

use std::time::Duration;

use async_io::Timer;
use sd_sys::secret::Secret;
use sd_wire::bounded::{List, Text};
use sd_wire::deadline::PASSPHRASES;
use sd_wire::fault::Fault;
use sd_wire::outcome::Collection;
use sd_wire::passphrase::{Unlocks, Wanted};
use sd_wire::path::CollectionPath;
use zbus::zvariant::OwnedObjectPath;

use crate::asking::Asking;
use crate::backend::Backend;
use crate::session::Session;
use crate::{create, lock, master};

/// What it is called; gnome-keyring and oo7-daemon call theirs so as well.
const LABEL: &str = "Login";
/// A backend that is starting has no collection either: it gets so many looks, and so long between them.
const LOOKS: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(150);

/// Whether the backend has nothing that lasts, and makes collections by a passphrase. Those that do not (gopass, pass)
/// make their own, and need none.
pub(crate) async fn is_to_come(backend: &Backend) -> Result<bool, Fault> {
    let transient = backend.transient().await?;
    let lasting = |path: &str| transient.as_ref().is_none_or(|it| it.as_str() != path);
    if backend.collections().await?.iter().any(|path| lasting(path.as_str())) {
        return Ok(false);
    }
    master::creates(backend).await
}

/// As [`is_to_come`], looked at until it is certain.
pub(crate) async fn is_now(backend: &Backend) -> Result<bool, Fault> {
    for _ in 0..LOOKS {
        if !is_to_come(backend).await? {
            return Ok(false);
        }
        Timer::after(BETWEEN).await;
    }
    Ok(true)
}

/// Has a person choose a passphrase, and makes the default collection.
pub(crate) async fn collection(backend: &Backend, asking: &Asking<'_>) -> Result<(), Fault> {
    sd_journal::info("the store has no collection yet: a passphrase for the first one is asked for");
    let made = create::made(backend, LABEL, "default", || chosen(asking, &ABOUT_FIRST)).await?;
    sd_journal::info(format!("{made} was made, the default collection"));
    Ok(())
}

const ABOUT_FIRST: [&str; 3] = [
    "Nothing is stored yet. Choose a NEW passphrase: it will lock the store of your secrets.",
    "You will be asked for it here at each login and after each lock.",
    "Nobody can find it out or set it anew: without it the secrets are lost.",
];
/// What is said then.
pub(crate) const NOT_THE_SAME: &str = "the two were not the same; choose again";
const ABOUT_EMPTY: [&str; 3] = [
    "It holds nothing yet, and any passphrase opens it: the one that you have typed becomes its own.",
    "You will be asked for it here at each login and after each lock; nobody can find it out.",
    "The same once more, to be sure that it is the one you meant.",
];
const AGAIN: [&str; 1] = ["The NEW passphrase once more, to be sure that it is the one you meant."];

/// A new passphrase, typed twice alike and not empty.
fn chosen(asking: &Asking<'_>, about: &[&str]) -> Result<Secret, Fault> {
    let mut wrong = None;
    for _ in 0..PASSPHRASES {
        let first = asking.passphrase(wanted(LABEL, about, wrong))?;
        if first.expose().is_empty() {
            wrong = Some("an empty passphrase would leave it open to anybody");
            continue;
        }
        let second = asking.passphrase(wanted(LABEL, &AGAIN, None))?;
        if first.expose() == second.expose() {
            return Ok(first);
        }
        wrong = Some(NOT_THE_SAME);
    }
    Err(Fault::NoPassphrase)
}

/// Whether a person meant the passphrase by which this collection is open now. Where the collection would have been
/// opened by any, it is typed once more; if that is not the same, the collection is locked again.
pub(crate) async fn meant(
    backend: &Backend,
    session: &Session,
    collection: &Collection,
    passphrase: &Secret,
    asking: &Asking<'_>,
) -> Result<bool, Fault> {
    let items: Vec<OwnedObjectPath> = backend.of_collection(&collection.path, "Items").await?;
    if !items.is_empty() || !opens_by_any(backend, session, &collection.path).await? {
        // What was tried may have left it locked.
        if backend.of_collection(&collection.path, "Locked").await? {
            master::unlock(backend, session, &collection.path, passphrase).await?;
        }
        return Ok(true);
    }
    let again = asking.passphrase(wanted(&collection.label, &ABOUT_EMPTY, None))?;
    if again.expose() != passphrase.expose() {
        return Ok(false);
    }
    master::unlock(backend, session, &collection.path, passphrase).await?;
    Ok(true)
}

/// Whether it opens by a passphrase that nobody has. It is locked afterwards, unless it could not be locked at all.
async fn opens_by_any(
    backend: &Backend,
    session: &Session,
    collection: &CollectionPath,
) -> Result<bool, Fault> {
    lock::one(backend, collection).await?;
    if !backend.of_collection::<bool>(collection, "Locked").await? {
        return Ok(false);
    }
    match master::unlock(backend, session, collection, &nobodys()?).await {
        Ok(()) => {}
        Err(Fault::WrongPassphrase | Fault::Refused) => return Ok(false),
        Err(why) => return Err(why),
    }
    // Whatever was stored now would have nobody's passphrase.
    lock::one(backend, collection).await?;
    if backend.of_collection::<bool>(collection, "Locked").await? { Ok(true) } else { Err(Fault::Refused) }
}

/// A passphrase that nobody has typed.
fn nobodys() -> Result<Secret, Fault> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|_| Fault::Unavailable)?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut secret = Secret::with_capacity(text.len()).map_err(|_| Fault::Unavailable)?;
    secret.push(text.as_bytes()).map_err(|_| Fault::TooLarge)?;
    Ok(secret)
}

fn wanted(label: &str, lines: &[&str], wrong: Option<&str>) -> Wanted {
    Wanted {
        unlocks: Unlocks::Collection { label: Text::clipped(label) },
        lines: List::new(lines.iter().copied().map(Text::clipped).collect()).unwrap_or_default(),
        wrong: wrong.map(Text::clipped),
        tries: None,
    }
}
