//! The commits and trees that prove which files a commit changes, from `git cat-file --batch`.
//!
//! git runs us inside of the repository and with its own environment, so it finds there what it has just written. No
//! file's content is ever asked for.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use sd_git::bundle;
use sd_git::gap::Gap;
use sd_git::objects::{Kind, Objects, oid};
use sd_git::proof;

/// How long git may take for all of them.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than git writes before an object: a hash, a kind and a length.
const LONGEST_HEAD: u64 = 128;

/// What [`sd_git::proof::check`] needs to prove the changes of the commit in `payload`; `None` for what is no commit.
///
/// # Errors
/// The [`Gap`] that keeps it from being proved.
pub(crate) fn gather(payload: &[u8]) -> Result<Option<Vec<u8>>, Gap> {
    let (done, answer) = mpsc::channel();
    let payload = payload.to_vec();
    // Nobody listens any more when it took too long; git ends with this process then.
    std::thread::spawn(move || done.send(proof::collect(&payload, &mut Git::default())));
    let too_long = |_| Gap::Unreadable(format!("it took longer than {} s", PATIENCE.as_secs()));
    answer.recv_timeout(PATIENCE).map_err(too_long)?.transpose()
}

/// `git cat-file --batch`, once something was asked of it.
#[derive(Default)]
struct Git {
    running: Option<Running>,
    bytes: Vec<u8>,
}

struct Running {
    git: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Objects for Git {
    fn object(&mut self, kind: Kind, id: &oid) -> Result<Cow<'_, [u8]>, Gap> {
        let unreadable = |e: std::io::Error| Gap::Unreadable(e.to_string());
        let running = match self.running.take() {
            Some(running) => self.running.insert(running),
            None => self.running.insert(Running::start().map_err(unreadable)?),
        };
        running.asks.write_all(format!("{id}\n").as_bytes()).map_err(unreadable)?;
        let mut head = String::new();
        running.answers.by_ref().take(LONGEST_HEAD).read_line(&mut head).map_err(unreadable)?;
        // `HASH KIND LENGTH`, or `HASH missing`, as in a shallow clone.
        let mut words = head.split_whitespace().skip(1);
        let (found, len) = (words.next(), words.next().and_then(|len| len.parse::<usize>().ok()));
        let Some(len) = len.filter(|_| found == Some(kind.to_string().as_str())) else {
            return Err(Gap::Missing { kind, id: id.to_owned() });
        };
        if len > bundle::MOST {
            return Err(Gap::TooMuch { what: "bytes of objects", most: bundle::MOST });
        }
        // A newline follows each object.
        self.bytes.resize(len.saturating_add(1), 0);
        running.answers.read_exact(&mut self.bytes).map_err(unreadable)?;
        self.bytes.truncate(len);
        Ok(Cow::Borrowed(&self.bytes))
    }
}

impl Running {
    fn start() -> std::io::Result<Self> {
        let mut git = Command::new("git")
            .args(["cat-file", "--batch"])
            // A replaced object has another hash than the one that is asked for, and a missing one of a partial clone is
            // not worth a fetch.
            .envs([("GIT_NO_REPLACE_OBJECTS", "1"), ("GIT_NO_LAZY_FETCH", "1")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        match (git.stdin.take(), git.stdout.take()) {
            (Some(asks), Some(answers)) => Ok(Self { git, asks, answers: BufReader::new(answers) }),
            _ => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, or not needed any more.
        let _ = self.git.kill();
        let _ = self.git.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_commit_needs_no_objects_and_no_git() {
        for payload in [&b""[..], b"object 1\n", b"certificate version 0.1\n"] {
            assert_eq!(gather(payload), Ok(None));
        }
    }
}
