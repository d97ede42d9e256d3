//! The public part, into a keyring of the desktop's: by a gpg that runs as whoever owns it.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sd_wire::printable::Printable;
use sd_wire::sign::Fingerprint;

use crate::failure::Failure;
use crate::key::say;

/// How long one gpg may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most of its complaints that is read.
const COMPLAINTS: u64 = 4096;

/// Into this GnuPG home, as whoever runs this process.
pub(super) fn into_home(home: &Path, key: &Fingerprint, public: &[u8], trust: bool) -> Result<(), Failure> {
    let gpg = || {
        let mut gpg = Command::new("gpg");
        gpg.arg("--homedir").arg(home);
        gpg
    };
    publish(&gpg, key, public, trust)?;
    said(&home.display().to_string(), key, trust)
}

/// What was done, for a person.
pub(super) fn said(place: &str, key: &Fingerprint, trust: bool) -> Result<(), Failure> {
    let trusted = if trust { ", as the user's own" } else { "" };
    say(&format!("published {} to {place}{trusted}", key.as_str()))
}

/// By this gpg.
pub(super) fn publish(
    gpg: &dyn Fn() -> Command,
    key: &Fingerprint,
    public: &[u8],
    trust: bool,
) -> Result<(), Failure> {
    // No agent is needed, nor should one be started that is no part of the user's session.
    let gpg = || {
        let mut gpg = gpg();
        gpg.args(["--batch", "--no-tty", "--no-autostart"]);
        gpg
    };
    // Exit status 0 also when nothing was new.
    feed(gpg().arg("--import"), public)?;
    if trust {
        let line = format!("{}:6:\n", key.as_str());
        feed(gpg().arg("--import-ownertrust"), line.as_bytes())?;
    }
    feed(gpg().args(["--with-colons", "--list-keys", key.as_str()]), &[])
}

fn feed(command: &mut Command, bytes: &[u8]) -> Result<(), Failure> {
    let wrong = |what: &str| Failure::Unavailable(format!("gpg of the desktop's side {what}"));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| wrong(&format!("cannot be run: {e}")))?;
    let (input, complaints) = (child.stdin.take(), child.stderr.take());
    let bytes = bytes.to_vec();
    // On threads of their own: a gpg that neither reads nor ends is given up all the same.
    std::thread::spawn(move || input.map(|mut input| input.write_all(&bytes)));
    let reader = std::thread::spawn(move || {
        let mut said = Vec::new();
        let Some(mut complaints) = complaints else { return said };
        let _ = complaints.by_ref().take(COMPLAINTS).read_to_end(&mut said);
        let _ = std::io::copy(&mut complaints, &mut std::io::sink());
        said
    });
    match ended(&mut child) {
        Some(true) => Ok(()),
        Some(false) => {
            let said = reader.join().unwrap_or_default();
            let said = String::from_utf8_lossy(&said).into_owned();
            let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it did not say why");
            Err(wrong(&format!("refused: {}", Printable::clipped(last, 200))))
        }
        None => Err(wrong("did not end in a minute")),
    }
}

/// Whether it ended well; `None` when it had to be ended.
fn ended(child: &mut Child) -> Option<bool> {
    let until = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}
