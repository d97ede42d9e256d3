//! A new collection.
//!
//! gnome-keyring never makes one without a password, and asks for that by a prompter on the desktop, which the
//! companion has not: so the password is asked for on the approval screen, as for an unlock. Asked for once: the
//! screen is the person's own, what is typed there is not hurried, and a new collection holds nothing yet.

use std::collections::HashMap;

use sd_sys::secret::Secret;
use sd_wire::bounded::{List, Text};
use sd_wire::deadline::PASSPHRASES;
use sd_wire::fault::Fault;
use sd_wire::passphrase::{Unlocks, Wanted};
use sd_wire::path::CollectionPath;
use zbus::zvariant::{OwnedObjectPath, Value};

use crate::asking::Asking;
use crate::backend::Backend;
use crate::change::{self, kept};
use crate::{alias, master, prompt};

const COLLECTION: &str = "org.freedesktop.Secret.Collection";

/// Makes a collection, points the alias to it unless its name is empty, and gives its path. What cannot have the alias
/// is not left behind.
pub(crate) async fn collection(
    backend: &Backend,
    label: &str,
    alias: &str,
    asking: &Asking<'_>,
) -> Result<CollectionPath, Fault> {
    let there = backend.collections().await?;
    let made = if master::creates(backend).await? {
        with_password(backend, label, || password(label, asking)).await?
    } else {
        by_the_book(backend, label, asking).await?
    };
    finished(backend, label, alias, &there, made).await
}

/// As [`collection`], of a backend that makes collections by a passphrase, and with that one.
pub(crate) async fn made(
    backend: &Backend,
    label: &str,
    alias: &str,
    passphrase: impl FnOnce() -> Result<Secret, Fault>,
) -> Result<CollectionPath, Fault> {
    let there = backend.collections().await?;
    let made = with_password(backend, label, passphrase).await?;
    finished(backend, label, alias, &there, made).await
}

async fn finished(
    backend: &Backend,
    label: &str,
    alias: &str,
    there: &[OwnedObjectPath],
    made: OwnedObjectPath,
) -> Result<CollectionPath, Fault> {
    // The Secret Service may give a collection that is there already instead: that is not what was approved.
    kept(!there.contains(&made), "a new collection")?;
    let made = CollectionPath::parse(made.as_str()).map_err(|_| Fault::Malformed)?;
    // Another label than it was told: oo7-daemon gives a second collection of one name another label and the file of
    // the first, which would go with it if it were deleted again.
    let as_told = backend.of_collection::<String>(&made, "Label").await? == label;
    if !as_told {
        change::set(backend, made.as_str(), COLLECTION, "Label", label.into()).await?;
        kept(backend.of_collection::<String>(&made, "Label").await? == label, made.as_str())?;
    }
    if alias.is_empty() {
        return Ok(made);
    }
    match alias::point(backend, alias, Some(&made)).await {
        Err(why) if as_told => {
            let undone: Result<OwnedObjectPath, Fault> =
                backend.call(made.as_str(), COLLECTION, "Delete", &()).await;
            if let Err(why) = undone {
                sd_journal::warning(format!("{made} is left behind: {why}"));
            }
            Err(why)
        }
        pointed => pointed.map(|()| made),
    }
}

async fn with_password(
    backend: &Backend,
    label: &str,
    password: impl FnOnce() -> Result<Secret, Fault>,
) -> Result<OwnedObjectPath, Fault> {
    let session = backend.session().await?;
    if !session.is_encrypted() {
        sd_journal::error("the backend offers no encrypted session, so it gets no password");
        return Err(Fault::Refused);
    }
    let password = password()?;
    master::create(backend, session, &properties(label), &password).await
}

/// The new password. An empty one is asked for again: gnome-keyring would write the collection unencrypted.
fn password(label: &str, asking: &Asking<'_>) -> Result<Secret, Fault> {
    for turn in 1..=PASSPHRASES {
        let password = asking.passphrase(wanted(label, turn))?;
        if !password.expose().is_empty() {
            return Ok(password);
        }
    }
    Err(Fault::NoPassphrase)
}

fn wanted(label: &str, turn: u32) -> Wanted {
    let lines = [
        "This is a NEW password, for a collection that is made now.",
        "It will be needed whenever the collection is to be unlocked, and nobody can find it out.",
        "It is asked for once: type it with care.",
    ];
    Wanted {
        unlocks: Unlocks::Collection { label: Text::clipped(label) },
        lines: List::new(lines.map(Text::clipped).to_vec()).unwrap_or_default(),
        wrong: (turn > 1).then(|| Text::clipped("an empty password would leave it open to anybody")),
        tries: None,
    }
}

async fn by_the_book(backend: &Backend, label: &str, asking: &Asking<'_>) -> Result<OwnedObjectPath, Fault> {
    // Without the alias: with one that points somewhere, no collection would be made.
    let (made, wanted): (OwnedObjectPath, OwnedObjectPath) =
        backend.service("CreateCollection", &(properties(label), "")).await?;
    if !prompt::is_one(&wanted) {
        return Ok(made);
    }
    let made = prompt::perform(backend, &wanted, asking).await?;
    OwnedObjectPath::try_from(made).map_err(|_| Fault::Malformed)
}

fn properties(label: &str) -> HashMap<&'static str, Value<'_>> {
    HashMap::from([("org.freedesktop.Secret.Collection.Label", Value::from(label))])
}
