//! The question and its answer.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use sd_sys::link::{Link, ReceiveError};
use sd_sys::secret::{Secret, SecretError};
use sd_wire::deadline;
use sd_wire::line::Words;
use sd_wire::passphrase::{MAX_PASSPHRASE, Note, Packet, Wanted};

use crate::NoPassphrase;

/// How long to wait for the answer to one question: `sd-decide` itself ends a prompt after [`deadline::PASSPHRASE`],
/// and should be the one to say so.
pub const PATIENCE: Duration = deadline::PASSPHRASE.saturating_add(Duration::from_secs(5));

/// How long `sd-decide` may take to take the question, and to send the bytes that it has announced.
const MOMENT: Duration = Duration::from_secs(2);
/// How often to look whether the passphrase is still wanted.
const LOOK: Duration = Duration::from_millis(250);

const _: () = assert!(PATIENCE.as_millis() > deadline::PASSPHRASE.as_millis());
// All the tries of one order end before the worker's own deadline does.
const _: () =
    assert!(PATIENCE.as_millis() * 3 + deadline::WORKER.as_millis() <= deadline::WORKER_ASKS.as_millis());

/// Asks a person for a passphrase at the socket `path`, and waits for it until `until` (for one question, a caller
/// gives [`PATIENCE`]) or for as long as `still_wanted` says so. When this returns without a passphrase, the
/// connection is closed, which takes the prompt off the screen.
///
/// Only what a process of the uid `decide` wrote is believed: with socket activation the connection itself names
/// systemd.
///
/// # Errors
/// [`NoPassphrase`].
pub fn ask(
    path: &Path,
    decide: u32,
    wanted: Wanted,
    until: Instant,
    still_wanted: impl Fn() -> bool,
) -> Result<Secret, NoPassphrase> {
    let link = Link::connect(path).map_err(NoPassphrase::Unavailable)?;
    put(&link, wanted)?;
    answer(&link, decide, until, still_wanted)
}

fn put(link: &Link, wanted: Wanted) -> Result<(), NoPassphrase> {
    let line =
        Packet::Passphrase(Box::new(wanted)).to_line().map_err(|e| NoPassphrase::Garbled(e.to_string()))?;
    link.send_by(&line, &[], Instant::now() + MOMENT).map_err(|why| match why.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => NoPassphrase::Lost,
        io::ErrorKind::TimedOut => NoPassphrase::Silent,
        _ => NoPassphrase::Unavailable(why),
    })
}

fn answer(
    link: &Link,
    decide: u32,
    until: Instant,
    still_wanted: impl Fn() -> bool,
) -> Result<Secret, NoPassphrase> {
    match note(link, decide, until, still_wanted)? {
        Note::Dismissed {} => Err(NoPassphrase::Dismissed),
        Note::Expired {} => Err(NoPassphrase::Expired),
        Note::Refused {} => Err(NoPassphrase::NotNow),
        Note::Entered { len } => {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            if len > MAX_PASSPHRASE {
                return Err(NoPassphrase::Garbled(format!(
                    "it announces {len} bytes where at most {MAX_PASSPHRASE} are allowed"
                )));
            }
            let soon = until.min(Instant::now() + MOMENT);
            Secret::receive(link, len, decide, soon).map_err(|why| match why {
                SecretError::WrongWriter => NoPassphrase::Forged(None),
                SecretError::Io(e) if e.kind() == io::ErrorKind::TimedOut => NoPassphrase::Silent,
                other => NoPassphrase::Garbled(other.to_string()),
            })
        }
    }
}

fn note(
    link: &Link,
    decide: u32,
    until: Instant,
    still_wanted: impl Fn() -> bool,
) -> Result<Note, NoPassphrase> {
    let packet = loop {
        if !still_wanted() {
            return Err(NoPassphrase::Withdrawn);
        }
        match link.receive_by(until.min(Instant::now() + LOOK)) {
            Ok(Some(packet)) => break packet,
            Ok(None) => return Err(NoPassphrase::Lost),
            Err(ReceiveError::Io(why)) => match why.kind() {
                io::ErrorKind::TimedOut if Instant::now() < until => {}
                io::ErrorKind::TimedOut => return Err(NoPassphrase::Silent),
                // It hung up with our question unread; what it had said before may still come.
                io::ErrorKind::ConnectionReset => {}
                _ => return Err(NoPassphrase::Unavailable(why)),
            },
            Err(why) => return Err(NoPassphrase::Garbled(why.to_string())),
        }
    };
    let writer = packet.writer.map(|who| who.uid);
    if writer != Some(decide) {
        return Err(NoPassphrase::Forged(writer));
    }
    if !packet.fds.is_empty() {
        return Err(NoPassphrase::Garbled("it came with file descriptors".into()));
    }
    Note::from_line(&packet.bytes).map_err(|e| NoPassphrase::Garbled(e.to_string()))
}

#[cfg(test)]
mod tests;
