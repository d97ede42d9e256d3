//! The process that waits for gpg-agent, as a rule a gpg.
//!
//! gpg-agent 2.2 leaves its pinentry alone when its own client dies (seen with 2.2.40), and the prompt would stand on
//! the screen for nobody. But it names the client.

use sd_sys::process::start_of;

/// The process that waits for gpg-agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pid: i32,
    start: u64,
}

impl Owner {
    /// The process of this number, if it can be seen from here.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Some(Self { pid, start: start_of(pid).ok()? })
    }

    /// Whether it still runs, rather than another with its number.
    pub(crate) fn lives(self) -> bool {
        start_of(self.pid).is_ok_and(|start| start == self.start)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_that_has_ended_lives_no_more() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let owner = Owner::of(i32::try_from(child.id()).unwrap()).unwrap();
        assert!(owner.lives());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!owner.lives());
    }

    #[test]
    fn what_is_no_process_owns_nothing() {
        assert_eq!(Owner::of(-1), None);
        assert_eq!(Owner::of(i32::MAX), None);
    }
}
