//! A passphrase that a person types on the terminal, straight into locked memory.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};

use sd_sys::secret::Secret;
use sd_sys::terminal;

use crate::failure::Failure;

/// gpg-agent takes no longer one.
const LONGEST: usize = 255;
/// Ctrl+C, which is no signal while nothing is echoed.
const INTERRUPT: u8 = 3;

/// A new passphrase, typed twice.
///
/// # Errors
/// [`Failure::Unavailable`] when there is no terminal, [`Failure::Usage`] when it is empty, too long, or differs.
pub(crate) fn new_passphrase() -> Result<Secret, Failure> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(|e| {
        Failure::Unavailable(format!(
            "a new passphrase is typed on a terminal, and there is none: {e}; \
             --no-passphrase leaves the key without"
        ))
    })?;
    let first = line(&mut terminal, "Passphrase of the new key: ")?;
    if first.is_empty() {
        return Err(Failure::Usage("no passphrase was typed; --no-passphrase leaves the key without".into()));
    }
    let second = line(&mut terminal, "The same again: ")?;
    if first.expose() == second.expose() {
        Ok(first)
    } else {
        Err(Failure::Usage("the two passphrases differ; no key was made".into()))
    }
}

fn line(terminal: &mut File, prompt: &str) -> Result<Secret, Failure> {
    let wrong = |e: io::Error| Failure::Unavailable(format!("the passphrase cannot be read: {e}"));
    let mut output = terminal.try_clone().map_err(wrong)?;
    let mut input = terminal.try_clone().map_err(wrong)?;
    let silence = terminal::without_echo(&*terminal).map_err(wrong)?;
    output.write_all(prompt.as_bytes()).map_err(wrong)?;
    let (mut whole, mut interrupted) = (false, false);
    // One more than allowed and the line's end; a terminal gives a line at a time.
    let read = Secret::fill(LONGEST.saturating_add(2), |room| {
        let length = input.read(room).ok()?;
        let typed = room.get(..length)?;
        interrupted = length == 0 || typed.contains(&INTERRUPT);
        whole = typed.ends_with(b"\n");
        Some(if whole { length.saturating_sub(1) } else { length })
    });
    let unread = terminal::flush_input(&*terminal);
    drop(silence);
    unread.map_err(wrong)?;
    match read.map_err(wrong)? {
        _ if interrupted => Err(Failure::Usage("no passphrase was typed; no key was made".into())),
        Some(typed) if whole && typed.len() <= LONGEST => Ok(typed),
        Some(_) => Err(Failure::Usage(format!("a passphrase has at most {LONGEST} bytes; no key was made"))),
        None => Err(Failure::Unavailable("the passphrase cannot be read from the terminal".into())),
    }
}
