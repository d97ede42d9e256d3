//! sd-decide's end of `passphrase.sock`, and the person before it.

use std::time::{Duration, Instant};

use sd_sys::link::Link;
use sd_wire::line::Words;
use sd_wire::passphrase::{Note, Packet, Wanted};

use super::PATIENCE;

/// How long somebody takes who is slow.
pub(crate) const SLOWLY: Duration = Duration::from_millis(1500);

/// What the person at the screen does with one prompt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Person {
    Types(&'static str),
    /// The same, a while later.
    TypesSlowly(&'static str),
    /// Nothing, and sd-decide ends after a while.
    HangsUpLater,
    Says(fn() -> Note),
    /// Nothing, until the prompt goes away by itself.
    Sleeps,
}

/// A prompt as the person saw it.
#[derive(Debug)]
pub(crate) struct Prompt {
    pub(crate) wanted: Wanted,
    /// `/proc/<pid>/cmdline` of sd-pinentry, and its environment if this user may read it at all.
    pub(crate) pinentry: Vec<u8>,
}

/// One prompt, as sd-decide would serve it.
pub(super) fn prompt(link: &Link, person: Person) -> Prompt {
    let packet = link.receive_by(Instant::now() + PATIENCE).unwrap().unwrap();
    let Packet::Passphrase(wanted) = Packet::from_line(&packet.bytes).unwrap();
    let pid = packet.writer.unwrap().pid;
    let mut pinentry = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    // It is undumpable, so that only root reads this.
    pinentry.extend(std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default());
    let say = |note: &Note| link.send(&note.to_line().unwrap(), &[]).unwrap();
    match person {
        Person::Types(text) | Person::TypesSlowly(text) => {
            if matches!(person, Person::TypesSlowly(_)) {
                std::thread::sleep(SLOWLY);
            }
            say(&Note::Entered { len: u32::try_from(text.len()).unwrap() });
            // Nothing has no packet: the end comes at once.
            if !text.is_empty() {
                link.send(text.as_bytes(), &[]).unwrap();
            }
        }
        Person::HangsUpLater => std::thread::sleep(SLOWLY),
        Person::Says(note) => say(&note()),
        Person::Sleeps => {
            let end = link.receive_by(Instant::now() + PATIENCE).unwrap();
            assert!(end.is_none(), "the prompt should have gone away, not asked again");
        }
    }
    Prompt { wanted: *wanted, pinentry }
}
