//! The person at the screen: looks at pictures, types keys, and remembers to what they were a yes.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use test_harness::chaos::dice::Dice;
use test_harness::chaos::face::{Face, wants_passphrase};
use test_harness::chaos::judge::Judge;

/// How often they look.
const LOOK: Duration = Duration::from_millis(15);
/// A key that did nothing is typed again after this long …
const AGAIN: Duration = Duration::from_secs(2);
/// … so many times in all.
const TRIES: u32 = 4;
/// How long a page that hides the asks may stand.
const PAGE: Duration = Duration::from_secs(2);

/// What all threads know of the person.
#[derive(Default)]
pub(crate) struct Mind {
    pub(crate) judge: Mutex<Judge>,
    pub(crate) picture: Mutex<String>,
    /// Says yes to everything, and leaves the pages alone.
    pub(crate) attentive: AtomicBool,
    gone: AtomicBool,
}

/// The person.
pub(crate) struct Person {
    pub(crate) mind: Arc<Mind>,
    keyboard: PathBuf,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Choice {
    Yes,
    No,
    Later,
}

impl Person {
    pub(crate) fn sits_down(place: &Path, passphrase: &str, dice: Dice) -> Self {
        let mind = Arc::new(Mind::default());
        let keyboard = place.join("keyboard");
        let mut body = Body {
            mind: Arc::clone(&mind),
            album: File::open(place.join("screens")).unwrap(),
            text: String::new(),
            keyboard: keyboard.clone(),
            passphrase: format!("{passphrase}\r"),
            dice,
            chosen: HashMap::new(),
            prompted: None,
            hidden: None,
        };
        let thread = std::thread::spawn(move || {
            while !body.mind.gone.load(Ordering::SeqCst) {
                body.look();
                std::thread::sleep(LOOK);
            }
        });
        Self { mind, keyboard, thread: Some(thread) }
    }

    pub(crate) fn types(&self, keys: &str) {
        types(&self.keyboard, keys);
    }

    pub(crate) fn picture(&self) -> String {
        self.mind.picture.lock().unwrap().clone()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.mind.gone.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn types(keyboard: &Path, keys: &str) {
    // Without a reader the rig has ended, and somebody else says so.
    let pipe = OpenOptions::new().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(keyboard);
    let _ = pipe.and_then(|mut pipe| pipe.write_all(keys.as_bytes()));
}

struct Chosen {
    choice: Choice,
    typed: Option<Instant>,
    tries: u32,
}

struct Body {
    mind: Arc<Mind>,
    album: File,
    text: String,
    keyboard: PathBuf,
    passphrase: String,
    dice: Dice,
    chosen: HashMap<String, Chosen>,
    prompted: Option<Instant>,
    hidden: Option<Instant>,
}

impl Body {
    /// Reads on in the album; what stands behind its last rule is what stands on the screen.
    fn picture(&mut self) -> String {
        let mut more = Vec::new();
        let _ = self.album.read_to_end(&mut more);
        self.text.push_str(&String::from_utf8_lossy(&more));
        let rule = format!("{} ", "─".repeat(60));
        if let Some(at) = self.text.rfind(&rule) {
            self.text.drain(..at);
        }
        let picture = self.text.split_once('\n').map_or("", |(_, picture)| picture).to_owned();
        self.mind.picture.lock().unwrap().clone_from(&picture);
        picture
    }

    fn look(&mut self) {
        let picture = self.picture();
        let now = Instant::now();
        if wants_passphrase(&picture) {
            if self.prompted.is_none_or(|at| now - at > AGAIN) {
                self.prompted = Some(now);
                let attentive = self.mind.attentive.load(Ordering::SeqCst);
                let lets_go = !attentive && self.dice.below(4) == 0;
                types(&self.keyboard, if lets_go { "\x1b" } else { &self.passphrase });
            }
            return;
        }
        let Some(face) = Face::on(&picture) else { return self.leave_page(&picture, now) };
        self.hidden = None;
        let attentive = self.mind.attentive.load(Ordering::SeqCst);
        let dice = &mut self.dice;
        let chosen = self.chosen.entry(face.id.clone()).or_insert_with(|| Chosen {
            choice: dice.weighed(&[(75, Choice::Yes), (13, Choice::No), (12, Choice::Later)], Choice::Yes),
            typed: None,
            tries: 0,
        });
        if attentive && chosen.typed.is_none() {
            chosen.choice = Choice::Yes;
        }
        let again = match chosen.choice {
            Choice::Later => true,
            _ => chosen.tries < TRIES,
        };
        if !again || chosen.typed.is_some_and(|at| now - at < AGAIN) {
            return;
        }
        let key = match chosen.choice {
            Choice::Yes if face.takes_yes => "y",
            // A long one is read to its end.
            Choice::Yes if face.takes_no => " ",
            Choice::No if face.takes_no => "n",
            Choice::Later if !picture.contains(" 1 is waiting") => "j",
            _ => return,
        };
        if key != " " {
            chosen.typed = Some(now);
            chosen.tries += 1;
        }
        if key == "y" {
            // Before it is typed: what comes of it may be there sooner than this goes on.
            self.mind.judge.lock().unwrap().says_yes(&face, now);
        }
        types(&self.keyboard, key);
    }

    fn leave_page(&mut self, picture: &str, now: Instant) {
        let idle = picture.contains("Nothing is waiting")
            || picture.contains("passphrase:")
            || picture.trim().is_empty();
        if idle || self.mind.attentive.load(Ordering::SeqCst) {
            self.hidden = None;
        } else if now - *self.hidden.get_or_insert(now) > PAGE {
            self.hidden = None;
            types(&self.keyboard, "\x1b");
        }
    }
}
