//! Inviting a secret, by a socket that only the requester and this process know.

use std::time::Instant;

use sd_sys::link::Link;
use sd_sys::secret::Secret;
use sd_sys::sink::Sink;
use sd_wire::deadline;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::outcome::{MAX_SECRET, Outcome, Upload, What};

/// Invites the secret through the sink, and waits for it. Only the desktop user may send it.
pub(crate) fn secret(sink: Option<&Sink>, id: &AskId, desktop: u32) -> Result<Secret, Fault> {
    invited(sink, id, desktop, |len| if len > MAX_SECRET { Err(Fault::TooLarge) } else { Ok(()) })
}

/// As [`secret`], many secrets at once, which have this length together.
pub(crate) fn secrets(sink: Option<&Sink>, id: &AskId, desktop: u32, all: u32) -> Result<Secret, Fault> {
    invited(sink, id, desktop, |len| if len == all { Ok(()) } else { Err(Fault::Malformed) })
}

fn invited(
    sink: Option<&Sink>,
    id: &AskId,
    desktop: u32,
    fits: impl FnOnce(u32) -> Result<(), Fault>,
) -> Result<Secret, Fault> {
    let sink = sink.ok_or(Fault::Malformed)?;
    let deadline = Instant::now() + deadline::UPLOAD;
    let line = Outcome::line(id, What::Invited {}).map_err(|_| Fault::TooLarge)?;
    let (ours, theirs) = Link::pair().map_err(|_| Fault::Unavailable)?;
    sink.invite(&line, theirs).map_err(|_| Fault::NoUpload)?;
    let packet = ours.receive_by(deadline).ok().flatten().ok_or(Fault::NoUpload)?;
    if packet.writer.map(|w| w.uid) != Some(desktop) || !packet.fds.is_empty() {
        return Err(Fault::NoUpload);
    }
    let upload = Upload::from_line(&packet.bytes).map_err(|_| Fault::Malformed)?;
    fits(upload.len)?;
    let len = usize::try_from(upload.len).map_err(|_| Fault::TooLarge)?;
    Secret::receive(&ours, len, desktop, deadline).map_err(|_| Fault::NoUpload)
}
