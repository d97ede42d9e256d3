//! Which processes belong together, so that to fork is not to become somebody else.
//!
//! A process chooses its name and its arguments, and gets a new number by forking. What forking, `exec`, `setsid` and
//! dying early do not get it out of is its control group; and where the desktop gives applications none of their own,
//! what is below the outermost process of its terminal or its start menu. Whoever leaves that by letting its parents
//! die falls among all others that did the same, which are one family.

use std::fmt;

use super::look::{Held, Look};

/// The most parents that are followed. Deeper is nobody but who wants to be.
const DEEPEST: usize = 32;

/// Processes that are taken as one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Family {
    /// All in a unit of the user's manager: an application as desktops start them, or a service.
    Unit(String),
    /// All that a session of the kernel (setsid(2)) started: the outermost one below that of the login.
    Session {
        /// The number of its leader, which no other process gets as long as one of the session is there.
        leader: i32,
        /// The control group in which it is.
        cgroup: String,
    },
    /// All whose parents have left them behind.
    Orphans {
        /// The control group in which they are.
        cgroup: String,
    },
}

impl Family {
    /// The family of a process; `None` when it is gone.
    pub fn of(pid: i32) -> Option<Family> {
        Look::default().family(pid)
    }

    /// In a few words, for a person. What a control group is called its processes have chosen.
    pub fn words(&self) -> String {
        self.words_of(&mut Look::default())
    }

    /// The same, by what a look has seen already.
    pub fn words_of(&self, look: &mut Look) -> String {
        match self {
            Self::Unit(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
            Self::Session { leader, .. } => match look.at(*leader).ok().as_deref().and_then(Held::stat) {
                Some(stat) => format!("{} ({leader}) and all it started", stat.comm),
                None => format!("session {leader}"),
            },
            Self::Orphans { .. } => "programs whose parents ended".to_owned(),
        }
    }
}

impl Look {
    /// The family of a process; `None` when it is gone.
    pub fn family(&mut self, pid: i32) -> Option<Family> {
        let process = self.at(pid).ok()?;
        let cgroup = process.cgroup()?;
        if let Some(unit) = unit(cgroup) {
            return Some(Family::Unit(unit.to_owned()));
        }
        walk(self, &process, cgroup)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())
    }
}

/// The path of the unit in which a control group lies, where the user's manager has put it: what the processes of a unit
/// make below it is no unit of its own.
pub(super) fn unit(cgroup: &str) -> Option<&str> {
    let mut seen = false;
    let mut end = 0_usize;
    for part in cgroup.split('/') {
        end = end.saturating_add(part.len()).saturating_add(1);
        if seen && (part.ends_with(".scope") || part.ends_with(".service")) {
            // The manager's own: whatever is there is not an application.
            return (part != "init.scope").then(|| cgroup.get(..end.saturating_sub(1))).flatten();
        }
        seen |= part.starts_with("user@") && part.ends_with(".service");
    }
    None
}

/// The family of a process that is in no unit; `None` when it is gone.
fn walk(look: &mut Look, process: &Held, cgroup: &str) -> Option<Family> {
    let uid = process.uid();
    let mut stat = process.stat()?.clone();
    // The outermost sessions so far: of the login, and below it.
    let (mut outermost, mut below) = (stat.session, stat.session);
    let mut whole = false;
    for _ in 0..DEEPEST {
        let parent = if stat.ppid > 1 { look.at(stat.ppid).ok() } else { None };
        // What another user started, such as login(1), is the beginning. A parent that is younger than its child is a
        // stranger that was given the number since.
        let inside = parent.filter(|parent| parent.cgroup() == Some(cgroup) && parent.uid() == uid);
        let older = inside.and_then(|parent| parent.stat().filter(|it| it.start <= stat.start).cloned());
        let Some(parent) = older else {
            whole = true;
            break;
        };
        stat = parent;
        if stat.session != outermost {
            (below, outermost) = (outermost, stat.session);
        }
    }
    if !whole || is_left_behind(look, uid, stat.ppid) {
        return Some(Family::Orphans { cgroup: cgroup.to_owned() });
    }
    Some(Family::Session { leader: below, cgroup: cgroup.to_owned() })
}

/// Whether a process of this user and with this parent has lost its own, which would be of the same user.
fn is_left_behind(look: &mut Look, uid: Option<u32>, ppid: i32) -> bool {
    let reaped = ppid == 1
        || look
            .at(ppid)
            .is_ok_and(|parent| parent.cgroup().is_some_and(|group| group.ends_with("/init.scope")));
    // What is root's was left behind by nobody: the machine started it.
    reaped && uid != Some(0)
}
