//! One signature: the payload from git to the gate, the signature and its status back.

use std::fs::OpenOptions;
use std::io::{Read, Write};

use sd_client::{Gate, Signature};
use sd_sys::harden;
use sd_sys::payload::Payload;
use sd_wire::bounded::Text;
use sd_wire::claims::Claims;
use sd_wire::sign::MAX_PAYLOAD;

use crate::arguments::Request;
use crate::failure::Failure;
use crate::{changed, repository, summary};

/// Signs standard input, as git asked. A SIGINT ends this process, which closes the sink and so withdraws the ask.
pub(crate) fn sign(request: &Request) -> Result<(), Failure> {
    harden::this_process().map_err(Failure::Unprotected)?;
    let status = request.status_fd.map(status_to).transpose()?;
    let bytes = read_all()?;
    let payload = Payload::seal(&bytes).map_err(|e| Failure::Stream("the payload cannot be sealed", e))?;
    let claims = claims(&bytes);
    let signature = smol::block_on(async {
        let gate = Gate::connect().await?;
        gate.sign(&payload, &request.key, &claims).await
    })?;
    write_all(&signature, status)
}

fn read_all() -> Result<Vec<u8>, Failure> {
    let most = u64::try_from(MAX_PAYLOAD).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::Stream("standard input cannot be read", e))?;
    match bytes.len() {
        0 => Err(Failure::Empty),
        n if n > MAX_PAYLOAD => Err(Failure::TooLong),
        _ => Ok(bytes),
    }
}

fn claims(payload: &[u8]) -> Claims {
    let (files, files_omitted) = changed::files(payload);
    let repository = repository::here();
    Claims {
        says: summary::of(payload),
        repository: repository.as_ref().map(|found| Text::clipped(&found.folder.to_string_lossy())),
        branch: repository.and_then(|found| found.branch).map(|branch| Text::clipped(&branch)),
        files,
        files_omitted,
        ..Claims::default()
    }
}

/// The stream with this number, which git has left open for us.
fn status_to(fd: u32) -> Result<Box<dyn Write>, Failure> {
    match fd {
        1 => Ok(Box::new(std::io::stdout())),
        2 => Ok(Box::new(std::io::stderr())),
        // A second opening of whatever is behind the number, so that no number has to be believed to be open.
        _ => OpenOptions::new()
            .append(true)
            .open(format!("/proc/self/fd/{fd}"))
            .map(|file| -> Box<dyn Write> { Box::new(file) })
            .map_err(|e| Failure::Stream("the status file descriptor cannot be written", e)),
    }
}

fn write_all(signature: &Signature, status: Option<Box<dyn Write>>) -> Result<(), Failure> {
    let unwritten = |e| Failure::Stream("the signature cannot be written", e);
    let mut out = std::io::stdout().lock();
    out.write_all(&signature.bytes).map_err(unwritten)?;
    out.flush().map_err(unwritten)?;
    drop(out);
    let Some(mut status) = status else { return Ok(()) };
    // After the signature: SIG_CREATED says that there is one. In one write, since others may write there too.
    let lines: String = signature.status.lines().map(|line| format!("[GNUPG:] {line}\n")).collect();
    status.write_all(lines.as_bytes()).and_then(|()| status.flush()).map_err(unwritten)
}
