//! The first start: a backend that has no collection yet gets one, with a passphrase that a person chooses.
//!
//! Everything will be in it, so the new passphrase is asked for twice, and it becomes the default collection.

use std::time::Duration;

use async_io::Timer;
use sd_sys::secret::Secret;
use sd_wire::bounded::{List, Text};
use sd_wire::deadline::PASSPHRASES;
use sd_wire::fault::Fault;
use sd_wire::passphrase::{Unlocks, Wanted};

use crate::asking::Asking;
use crate::backend::Backend;
use crate::{create, master};

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
const AGAIN: [&str; 1] = ["The NEW passphrase once more, to be sure that it is the one you meant."];

/// A new passphrase, typed twice alike and not empty.
fn chosen(asking: &Asking<'_>, about: &[&str]) -> Result<Secret, Fault> {
    let mut wrong = None;
    for _ in 0..PASSPHRASES {
        let first = asking.passphrase(wanted(about, wrong))?;
        if first.expose().is_empty() {
            wrong = Some("an empty passphrase would leave it open to anybody");
            continue;
        }
        let second = asking.passphrase(wanted(&AGAIN, None))?;
        if first.expose() == second.expose() {
            return Ok(first);
        }
        wrong = Some("the two were not the same; choose again");
    }
    Err(Fault::NoPassphrase)
}

fn wanted(lines: &[&str], wrong: Option<&str>) -> Wanted {
    Wanted {
        unlocks: Unlocks::Collection { label: Text::clipped(LABEL) },
        lines: List::new(lines.iter().copied().map(Text::clipped).collect()).unwrap_or_default(),
        wrong: wrong.map(Text::clipped),
        tries: None,
    }
}
