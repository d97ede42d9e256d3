//! The thread that proves which files a commit changes, so that hashing does not keep the screen waiting.
//!
//! One proof after the other: what is being read then is in memory once, whoever sends how much.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Weak};

use sd_git::gap::Gap;
use sd_git::proof::{self, Changes};
use sd_sys::payload::Payload;

/// The thread.
pub(crate) struct Prover(Sender<Job>);

struct Job {
    commit: Vec<u8>,
    objects: Payload,
    /// Gone when nobody waits for the proof any more.
    wanted: Weak<()>,
    answer: Sender<Changes>,
    /// Its end is the sign that the answer is there.
    _bell: UnixStream,
}

/// A proof that is on its way.
pub(crate) struct Proving {
    bell: UnixStream,
    answer: Receiver<Changes>,
    _wanted: Arc<()>,
}

impl Prover {
    /// Starts the thread; it ends with the last sender of jobs.
    pub(crate) fn start() -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let work = move || {
            for job in queue {
                if job.wanted.strong_count() > 0 {
                    let changes = prove(&job.commit, &job.objects);
                    // Nobody listens any more when the ask was withdrawn meanwhile.
                    let _ = job.answer.send(changes);
                }
            }
        };
        // Without the thread the queue is dropped here, and no proof ever arrives: nothing is proved then.
        let _ = std::thread::Builder::new().name("prover".into()).spawn(work);
        Self(jobs)
    }

    /// Has these objects prove what the commit changes.
    ///
    /// # Errors
    /// The kernel's, when it gives no bell.
    pub(crate) fn prove(&self, commit: Vec<u8>, objects: Payload) -> std::io::Result<Proving> {
        let (bell, rung) = UnixStream::pair()?;
        let (answer, receiver) = mpsc::channel();
        let wanted = Arc::new(());
        let job = Job { commit, objects, wanted: Arc::downgrade(&wanted), answer, _bell: rung };
        // A job that cannot be given closes the bell at once.
        let _ = self.0.send(job);
        Ok(Proving { bell, answer: receiver, _wanted: wanted })
    }
}

impl fmt::Debug for Proving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a proof on its way")
    }
}

impl Proving {
    /// What came of it, once the bell has rung.
    pub(crate) fn result(&self) -> Changes {
        self.answer.try_recv().unwrap_or_else(|_| Err(Gap::Unreadable("the prover is not there".into())))
    }
}

impl AsFd for Proving {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

fn prove(commit: &[u8], objects: &Payload) -> Changes {
    let bytes = objects.read().map_err(|why| Gap::Unreadable(why.to_string()))?;
    proof::check(commit, &bytes).unwrap_or(Err(Gap::Nothing))
}
