//! The conversation: a line, a reply, until gpg-agent says goodbye.

use std::io::{Read, Write};
use std::time::Duration;

use sd_passphrase::{NoPassphrase, Secret};
use sd_sys::identity::own_uid;
use sd_sys::secret::MemoryKind;

use crate::cli;
use crate::code::Code;
use crate::command::{About, Command};
use crate::dialog::Dialog;
use crate::error::Error;
use crate::input::Lines;
use crate::output;
use crate::owner::Owner;

/// Greets gpg-agent and answers each command until `BYE` or the end. `ask` gets a passphrase from a person within
/// the time given.
///
/// # Errors
/// [`Error`], after which nobody is there to be told.
pub(crate) fn until_bye(
    from: &mut Lines<impl Read>,
    to: &mut impl Write,
    patience: Duration,
    ask: impl Fn(&Dialog, Duration) -> Result<Secret, NoPassphrase>,
) -> Result<(), Error> {
    to.write_all(b"OK sd-pinentry at your service\n")?;
    let mut dialog = Dialog::default();
    loop {
        let line = match from.next() {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(why) => {
                if matches!(why, Error::TooLong) {
                    output::refuse(to, Code::LineTooLong)?;
                }
                return Err(why);
            }
        };
        match Command::of(&line) {
            Command::Nothing => continue,
            Command::Decoration => output::ok(to),
            Command::Description(text) => set(to, &mut dialog.description, text),
            Command::Complaint(text) => set(to, &mut dialog.complaint, text),
            Command::Key(grip) => set(to, &mut dialog.grip, grip),
            Command::Timeout(seconds) => set(to, &mut dialog.patience, Some(cli::bounded(seconds))),
            Command::Owner(pid) => set(to, &mut dialog.owner, Owner::of(pid)),
            Command::New => set(to, &mut dialog.new, true),
            Command::Reset => {
                // Options outlive it.
                let owner = dialog.owner;
                set(to, &mut dialog, Dialog { owner, ..Dialog::default() })
            }
            Command::About(what) => output::tell(to, &about(what)),
            Command::Passphrase => {
                let answer = passphrase(&dialog, patience, &ask);
                // It belongs to the try before the one that was asked for now.
                dialog.complaint.clear();
                match answer {
                    Ok(passphrase) => output::hand_over(to, &passphrase),
                    Err(code) => output::refuse(to, code),
                }
            }
            Command::Show => {
                sd_journal::warning(
                    "gpg-agent wants something confirmed or read; only keys are unlocked here",
                );
                output::refuse(to, Code::NotSupported)
            }
            Command::Wrong => output::refuse(to, Code::Parameter),
            Command::Unknown => output::refuse(to, Code::UnknownCommand),
            Command::Bye => {
                // It may be gone before it has read this.
                let _ = output::ok(to);
                return Ok(());
            }
        }?;
    }
}

fn set<T>(to: &mut impl Write, place: &mut T, value: T) -> std::io::Result<()> {
    *place = value;
    output::ok(to)
}

fn passphrase(
    dialog: &Dialog,
    patience: Duration,
    ask: impl Fn(&Dialog, Duration) -> Result<Secret, NoPassphrase>,
) -> Result<Secret, Code> {
    if dialog.new {
        sd_journal::warning("gpg-agent wants a new passphrase; only keys are unlocked here");
        return Err(Code::NotSupported);
    }
    let patience = dialog.patience.map_or(patience, |set| set.min(patience));
    let asked = ask(dialog, patience);
    if asked.as_ref().is_ok_and(|passphrase| passphrase.kind() == MemoryKind::Plain) {
        sd_journal::warning("this passphrase's memory could be swapped out; raise RLIMIT_MEMLOCK");
    }
    asked.map_err(|why| {
        sd_journal::warning(format!("no passphrase for gpg-agent: {why}"));
        // Our own clock was shorter than the screen's.
        if matches!(why, NoPassphrase::Silent) && patience < sd_wire::deadline::PASSPHRASE {
            return Code::Timeout;
        }
        Code::from(&why)
    })
}

fn about(what: About) -> String {
    match what {
        About::Pid => std::process::id().to_string(),
        About::Version => env!("CARGO_PKG_VERSION").to_owned(),
        About::Flavor => "sd".to_owned(),
        // Name and type of the terminal, display, mode, uids, Emacs: none of it is ours but the uid.
        About::Terminal => format!("- - - - {0}/{0} -", own_uid()),
    }
}

#[cfg(test)]
mod tests;
