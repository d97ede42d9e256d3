//! Who may have got something: the asks to which a yes was typed, and what those yeses cover.

use std::time::{Duration, Instant};

use sd_wire::deadline;

use crate::chaos::face::Face;

/// What a clock, a stop of a process and the way home may add to the life of a grant. Stops last 1.5 s at most.
const SLACK: Duration = Duration::from_secs(4);

/// Something that came out of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// To the ask of this id, by the gate's word; of this kind as the screen calls it, and about this path or label.
    Asked {
        /// The id.
        id: String,
        /// Its kind on the screen; empty where that has many.
        kind: &'static str,
        /// What must have stood on the screen: a path or a label; empty where there is neither.
        about: String,
    },
    /// The secret of an item, to an application behind the agent that began to read it then.
    Read {
        /// The application.
        app: i32,
        /// The item.
        path: String,
    },
    /// A change that an application behind the agent asked for.
    Changed {
        /// The application.
        app: i32,
        /// Its kind on the screen.
        kind: &'static str,
        /// A path or a label.
        about: String,
    },
}

/// Everything that was answered with yes.
#[derive(Debug, Default)]
pub struct Judge {
    yeses: Vec<(Instant, Face)>,
}

impl Judge {
    /// A yes is being typed at this.
    pub fn says_yes(&mut self, face: &Face, now: Instant) {
        self.yeses.push((now, face.clone()));
    }

    /// How many.
    #[must_use]
    pub fn yeses(&self) -> usize {
        self.yeses.len()
    }

    /// Whether a person said yes to this. `pid` is the process that asked, `began` when it began to ask.
    #[must_use]
    pub fn allows(&self, release: &Release, pid: i32, began: Instant) -> bool {
        let mut yeses = self.yeses.iter();
        match release {
            Release::Asked { id, kind, about } => {
                let own = |face: &Face| {
                    face.id == *id
                        && face.pid == Some(pid)
                        && (kind.is_empty() || face.kind == *kind)
                        && (about.is_empty() || face.shows(about))
                };
                yeses.any(|(at, face)| {
                    own(face)
                        || (*kind == "read"
                            && face.app.is_none()
                            && face.pid == Some(pid)
                            && face.grants(about, *at, began))
                })
            }
            Release::Read { app, path } => {
                yeses.any(|(at, face)| face.app == Some(*app) && face.grants(path, *at, began))
            }
            Release::Changed { app, kind, about } => {
                yeses.any(|(_, face)| face.app == Some(*app) && face.kind == *kind && face.shows(about))
            }
        }
    }
}

impl Face {
    fn shows(&self, about: &str) -> bool {
        self.label == about || self.paths.iter().any(|path| path == about)
    }

    /// Whether a yes to this makes a grant by which an item could be read then.
    fn grants(&self, path: &str, at: Instant, began: Instant) -> bool {
        // Whoever has written a secret may read it afterwards; its path is not known yet when it is approved, and how
        // long it takes until it is written neither.
        let written = matches!(self.kind.as_str(), "store" | "set");
        let lasts = if written { deadline::ACCESS + deadline::DECIDE_WAITS } else { deadline::ACCESS };
        let covers = written || (self.kind == "access" && self.paths.iter().any(|one| one == path));
        covers && began.saturating_duration_since(at) <= lasts + SLACK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(kind: &str, path: &str, pid: i32, app: Option<i32>) -> Face {
        let (id, kind, paths) = ("1".repeat(16), kind.to_owned(), vec![path.to_owned()]);
        Face { id, kind, paths, pid: Some(pid), app, ..Face::default() }
    }

    fn asked(kind: &'static str, path: &str) -> Release {
        Release::Asked { id: "1".repeat(16), kind, about: path.into() }
    }

    #[test]
    fn nothing_may_come_out_without_a_yes_to_that_ask_of_that_process_about_that_item() {
        let (mut judge, now) = (Judge::default(), Instant::now());
        assert!(!judge.allows(&asked("read", "/i1"), 7, now));
        judge.says_yes(&face("read", "/i1", 7, None), now);
        assert!(judge.allows(&asked("read", "/i1"), 7, now));
        assert!(!judge.allows(&asked("read", "/i2"), 7, now), "another item");
        assert!(!judge.allows(&asked("delete", "/i1"), 7, now), "another deed");
        assert!(!judge.allows(&asked("read", "/i1"), 8, now), "another process");
        let other = Release::Asked { id: "2".repeat(16), kind: "read", about: "/i1".into() };
        assert!(!judge.allows(&other, 7, now), "another ask");
    }

    #[test]
    fn a_prompts_yes_covers_reads_of_its_items_by_its_application_for_its_time() {
        let (mut judge, now) = (Judge::default(), Instant::now());
        judge.says_yes(&face("access", "/i1", 1, Some(7)), now);
        let read = |app, path: &str| Release::Read { app, path: path.into() };
        assert!(judge.allows(&read(7, "/i1"), 7, now + deadline::ACCESS));
        assert!(!judge.allows(&read(7, "/i1"), 7, now + deadline::ACCESS + SLACK * 2), "too late");
        assert!(!judge.allows(&read(8, "/i1"), 8, now), "another application");
        assert!(!judge.allows(&read(7, "/i2"), 7, now), "another item");
        assert!(!judge.allows(&asked("read", "/i1"), 1, now), "the agent itself");
    }
}
