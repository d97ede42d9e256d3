//! Which processes belong together, so that to fork is not to become somebody else.
//!
//! A process chooses its name and its arguments, and gets a new number by forking. What forking, `exec`, `setsid` and
//! dying early do not get it out of is its control group; and where the desktop gives applications none of their own,
//! what is below the outermost process of its terminal or its start menu. Whoever leaves that by letting its parents
//! die falls among all others that did the same, which are one family.

use std::fmt;

use super::parse::{control_group, effective_uid};
use super::{Stat, look_at_stat, read};

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
        let first = look_at_stat(pid).ok()?;
        let cgroup = cgroup_of(pid)?;
        if let Some(unit) = unit(&cgroup) {
            return Some(Family::Unit(unit.to_owned()));
        }
        Some(walk(pid, &first, cgroup))
    }

    /// In a few words, for a person. What a control group is called its processes have chosen.
    pub fn words(&self) -> String {
        match self {
            Self::Unit(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
            Self::Session { leader, .. } => match look_at_stat(*leader) {
                Ok(Stat { comm, .. }) => format!("{comm} ({leader}) and all it started"),
                Err(_) => format!("session {leader}"),
            },
            Self::Orphans { .. } => "programs whose parents ended".to_owned(),
        }
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

/// The family of a process that is in no unit.
fn walk(pid: i32, first: &Stat, cgroup: String) -> Family {
    let uid = uid_of(pid);
    let mut stat = first.clone();
    // The outermost sessions so far: of the login, and below it.
    let (mut outermost, mut below) = (stat.session, stat.session);
    let mut whole = false;
    for _ in 0..DEEPEST {
        let Ok(parent) = look_at_stat(stat.ppid) else {
            whole = true;
            break;
        };
        // A parent that is younger than its child is a stranger that was given the number since. What another user
        // started, such as login(1), is the beginning.
        let younger = parent.start > stat.start;
        let outside = || cgroup_of(stat.ppid).as_ref() != Some(&cgroup) || uid_of(stat.ppid) != uid;
        if stat.ppid <= 1 || younger || outside() {
            whole = true;
            break;
        }
        stat = parent;
        if stat.session != outermost {
            (below, outermost) = (outermost, stat.session);
        }
    }
    if !whole || is_left_behind(uid, &stat) {
        return Family::Orphans { cgroup };
    }
    Family::Session { leader: below, cgroup }
}

/// Whether the process at the top has lost its parent, which would be of the same user.
fn is_left_behind(uid: Option<u32>, stat: &Stat) -> bool {
    let reaped = stat.ppid == 1 || cgroup_of(stat.ppid).is_some_and(|cgroup| cgroup.ends_with("/init.scope"));
    // What is root's was left behind by nobody: the machine started it.
    reaped && uid != Some(0)
}

fn uid_of(pid: i32) -> Option<u32> {
    read(pid, "status").ok().and_then(|text| effective_uid(&text))
}

fn cgroup_of(pid: i32) -> Option<String> {
    read(pid, "cgroup").ok().and_then(|text| control_group(&text))
}
