//! Which of logind's sessions are somebody at work: the decision, without the asking.

use std::fmt;

/// What logind says of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// Its id, as `loginctl` lists it.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) uid: u32,
    /// `user`, `greeter`, `lock-screen`, `background`, `manager` …; see sd_session_get_class(3).
    pub(crate) class: String,
    /// `opening`, `online`, `active` or `closing`; see sd_session_get_state(3).
    pub(crate) state: String,
}

impl Session {
    /// Whether somebody of this uid is logged in by this session.
    ///
    /// A class that is not known is none: what comes without a person must not start anything. A session that closes
    /// has ended, also when a program of it lives on (`tmux`).
    pub(crate) fn counts(&self, uid: u32) -> bool {
        self.uid == uid && self.class == "user" && self.state != "closing"
    }
}

/// The sessions that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sessions(Vec<String>);

impl Sessions {
    /// Those of all sessions that count for this uid.
    pub(crate) fn of(uid: u32, all: impl IntoIterator<Item = Session>) -> Self {
        Self(all.into_iter().filter(|session| session.counts(uid)).map(|session| session.id).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: &str, uid: u32, class: &str, state: &str) -> Session {
        Session { id: id.into(), uid, class: class.into(), state: state.into() }
    }

    #[test]
    fn a_person_at_work_counts() {
        for state in ["opening", "online", "active"] {
            assert!(session("1", 1000, "user", state).counts(1000), "{state}");
        }
    }

    #[test]
    fn what_closes_has_ended() {
        assert!(!session("1", 1000, "user", "closing").counts(1000));
    }

    #[test]
    fn what_comes_without_a_person_does_not_count() {
        for class in [
            "greeter",
            "lock-screen",
            "background",
            "background-light",
            "manager",
            "manager-early",
            "none",
            "",
        ] {
            assert!(!session("c1", 1000, class, "active").counts(1000), "{class}");
        }
    }

    #[test]
    fn another_ones_session_does_not_count() {
        assert!(!session("1", 1001, "user", "active").counts(1000));
    }

    #[test]
    fn those_that_count_are_named() {
        let seen = Sessions::of(
            1000,
            [
                session("3", 1000, "user", "active"),
                session("4", 1001, "user", "active"),
                session("5", 1000, "user", "closing"),
                session("c2", 1000, "user", "online"),
            ],
        );
        assert_eq!(seen.to_string(), "3, c2");
        assert!(!seen.is_empty());
        assert!(Sessions::of(1000, []).is_empty());
    }
}
