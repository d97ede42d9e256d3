//! One signature: the payload and what proves it to the gate, the signature and its status back.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::thread;

use sd_client::Gate;
use sd_git::gap::Gap;
use sd_sys::harden;
use sd_sys::payload::Payload;
use sd_wire::bounded::Text;
use sd_wire::claims::Claims;
use sd_wire::sign::MAX_PAYLOAD;

use crate::arguments::Request;
use crate::destination::Destination;
use crate::failure::Failure;
use crate::{changed, objects, real, repository, summary};

/// Signs what was asked for. A SIGINT ends this process, which closes the sink and so withdraws the ask.
pub(crate) fn sign(request: &Request) -> Result<(), Failure> {
    harden::this_process().map_err(Failure::Unprotected)?;
    let status = request.status_fd.map(status_to).transpose()?;
    let goes_to = Destination::of(request)?;
    let bytes = read_all(request.file.as_deref())?;
    let payload = Payload::seal(&bytes).map_err(|e| Failure::Stream("the payload cannot be sealed", e))?;
    // git looks for the objects while the bus lets us in: each takes as long as the other.
    let (gate, proof) = thread::scope(|threads| {
        let proof = threads.spawn(|| prove(&bytes));
        let gate = smol::block_on(Gate::connect_here());
        (gate, proof.join().unwrap_or_else(|panicked| std::panic::resume_unwind(panicked)))
    });
    let (objects, claims) = proof?;
    let gate = gate?;
    let signed = gate.sign(&payload, objects.as_ref(), &request.key, &claims);
    let lost = async {
        gate.turn().await;
        // What waits for the bus hears of it there.
        smol::future::pending().await
    };
    let signature = smol::block_on(smol::future::or(signed, lost))?;
    let bytes = if request.armour { signature.bytes } else { real::without_armour(&signature.bytes)? };
    goes_to.write(&bytes)?;
    tell(status, &signature.status)
}

fn read_all(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    match file {
        None => read_from(std::io::stdin().lock(), "standard input cannot be read"),
        Some(path) => {
            let file = File::open(path).map_err(|e| Failure::Unreadable(path.to_owned(), e))?;
            read_from(file, "the file that is to be signed cannot be read")
        }
    }
}

fn read_from(from: impl Read, cannot: &'static str) -> Result<Vec<u8>, Failure> {
    let most = u64::try_from(MAX_PAYLOAD).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| Failure::Stream(cannot, e))?;
    match bytes.len() {
        0 => Err(Failure::Empty),
        n if n > MAX_PAYLOAD => Err(Failure::TooLong),
        _ => Ok(bytes),
    }
}

/// What proves the files of a commit, and what has to be claimed instead.
fn prove(payload: &[u8]) -> Result<(Option<Payload>, Claims), Failure> {
    let (objects, gap) =
        objects::gather(payload).map_or_else(|gap| (None, Some(gap)), |objects| (objects, None));
    let seal = |objects: Vec<u8>| Payload::seal(&objects);
    let objects =
        objects.map(seal).transpose().map_err(|e| Failure::Stream("the objects cannot be sealed", e))?;
    Ok((objects, claims(payload, gap)))
}

/// What is proved needs no claim; of what is not, the files are told as git lists them.
fn claims(payload: &[u8], gap: Option<Gap>) -> Claims {
    let (files, files_omitted) = gap.as_ref().map(|_| changed::files(payload)).unwrap_or_default();
    let repository = repository::here();
    Claims {
        says: summary::of(payload),
        repository: repository.as_ref().map(|found| Text::clipped(&found.folder.to_string_lossy())),
        branch: repository.and_then(|found| found.branch).map(|branch| Text::clipped(&branch)),
        files,
        files_omitted,
        unproved: gap.map(|gap| Text::clipped(&gap.to_string())),
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

/// Says on the status file descriptor that there is a signature; after it was written.
fn tell(status: Option<Box<dyn Write>>, said: &str) -> Result<(), Failure> {
    let Some(mut status) = status else { return Ok(()) };
    // In one write, since others may write there too.
    let lines: String = said.lines().map(|line| format!("[GNUPG:] {line}\n")).collect();
    let unwritten = |e| Failure::Stream("the status cannot be written", e);
    status.write_all(lines.as_bytes()).and_then(|()| status.flush()).map_err(unwritten)
}
