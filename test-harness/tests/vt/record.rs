//! sd-audit, played by a thread: it says of each line that it is written.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sd_sys::link::Link;
use sd_sys::listener::Listener;
use sd_wire::line::Words;
use sd_wire::record::{Note, Packet};

/// It; it ends with this value.
pub(crate) struct Recorder {
    ends: Arc<AtomicBool>,
}

impl Recorder {
    /// Listens at this path, for whoever comes.
    pub(crate) fn start(path: &Path) -> Self {
        let door = Listener::bind(path, 0o666).unwrap();
        let ends = Arc::new(AtomicBool::new(false));
        let recorder = Self { ends: Arc::clone(&ends) };
        std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                if door.wait(Duration::from_millis(50)).unwrap()
                    && let Some(link) = door.accept().unwrap()
                {
                    // One for each connection: a decider that was killed leaves one behind.
                    let ends = Arc::clone(&ends);
                    std::thread::spawn(move || serve(&link, &ends));
                }
            }
        });
        recorder
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

fn serve(link: &Link, ends: &AtomicBool) {
    while !ends.load(Ordering::Relaxed) {
        let packet = match link.receive() {
            Ok(Some(packet)) => Packet::from_line(&packet.bytes).unwrap(),
            Err(why) if why.is_would_block() => {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            Ok(None) | Err(_) => return,
        };
        let note = match packet {
            Packet::Record { n, .. } => Note::Written { n, seq: n },
            Packet::Recent { .. } => Note::End {},
        };
        let _ = link.send(&note.to_line().unwrap(), &[]);
    }
}
