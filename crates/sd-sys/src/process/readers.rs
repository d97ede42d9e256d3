//! Reading what may never be there to read, without waiting for it.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The most reads that may hang at once. Each holds a thread of ours until the kernel lets go of it.
pub const MOST_STUCK: usize = 4;

/// Enough for a path and a page; a stack of the usual size would be eight megabytes of address space.
const STACK: usize = 128 * 1024;

type Job = Box<dyn FnOnce() + Send>;

/// Reads on a thread that is kept for them, and left behind when one takes too long: then the next has a new one.
#[derive(Debug, Default)]
pub struct Readers {
    /// Each read that has not come back holds one more.
    reading: Arc<()>,
    /// The way to a thread that has nothing to do. It ends once it has nobody to listen to.
    idle: RefCell<Option<mpsc::Sender<Job>>>,
}

impl Readers {
    /// What `read` returns, if it does within `wait`. `None` when it does not, and at once while [`MOST_STUCK`]
    /// earlier ones have not come back yet.
    pub fn read<T: Send + 'static>(
        &self,
        wait: Duration,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.stuck() >= MOST_STUCK {
            return None;
        }
        let reading = Arc::clone(&self.reading);
        let (here, there) = mpsc::sync_channel(1);
        let job = move || {
            let found = read();
            // Before the answer: whoever has it must not find this read still counted.
            drop(reading);
            // Nobody waits for an answer that comes too late.
            let _ = here.send(found);
        };
        let reader = self.idle.take().or_else(start)?;
        reader.send(Box::new(job)).ok()?;
        let found = there.recv_timeout(wait).ok()?;
        self.idle.replace(Some(reader));
        Some(found)
    }

    /// How many reads have not come back.
    pub fn stuck(&self) -> usize {
        Arc::strong_count(&self.reading).saturating_sub(1)
    }
}

fn start() -> Option<mpsc::Sender<Job>> {
    let (reader, jobs) = mpsc::channel::<Job>();
    let thread = thread::Builder::new().name("reader".to_owned()).stack_size(STACK);
    thread.spawn(move || jobs.into_iter().for_each(|job| job())).ok()?;
    Some(reader)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::time::Instant;

    use super::*;
    use std::os::unix::fs::OpenOptionsExt as _;

    const WAIT: Duration = Duration::from_millis(50);

    /// A file whose opening blocks until somebody writes into it.
    fn fifo(folder: &Path) -> PathBuf {
        let path = folder.join("fifo");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    fn content(path: &Path) -> String {
        let mut text = String::new();
        File::open(path).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn what_can_be_read_is_read() {
        let readers = Readers::default();
        for n in 0..20 {
            assert_eq!(readers.read(Duration::from_secs(5), move || n), Some(n));
        }
        assert_eq!(readers.stuck(), 0);
    }

    #[test]
    fn one_thread_does_all_reads_until_one_takes_too_long() {
        let readers = Readers::default();
        let who = || readers.read(Duration::from_secs(5), || thread::current().id()).unwrap();
        let first = who();
        assert_eq!((who(), who()), (first, first));
        let (go, wait) = mpsc::channel::<()>();
        assert_eq!(readers.read(WAIT, move || wait.recv().is_ok()), None);
        let second = who();
        assert_ne!(second, first);
        drop(go);
        assert_eq!(who(), second, "what was left behind ends when it comes back");
    }

    #[test]
    fn what_blocks_is_left_behind_and_four_of_it_stop_further_reads_until_one_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = fifo(folder.path());
        let readers = Readers::default();
        for stuck in 0..MOST_STUCK {
            assert_eq!(readers.stuck(), stuck);
            let (path, before) = (path.clone(), Instant::now());
            assert_eq!(readers.read(WAIT, move || content(&path)), None);
            let took = before.elapsed();
            assert!(took >= WAIT && took < WAIT * 20, "{took:?}");
        }
        assert_eq!(readers.read(Duration::from_secs(60), || "easy"), None, "a fifth is not begun");
        assert_eq!(readers.stuck(), MOST_STUCK);
        std::fs::write(&path, "words").unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while readers.stuck() > 0 {
            assert!(Instant::now() < end);
            // One that opened only now still waits for a writer. Not waited for: the last may have gone just now.
            let _ = std::fs::OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(&path);
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(readers.read(Duration::from_secs(5), || "easy"), Some("easy"));
    }
}
