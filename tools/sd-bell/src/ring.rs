//! What is to be rung for whom: the decision, without the doing.

use std::path::Path;

/// What systemd is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    /// systemctl's word.
    pub(crate) verb: &'static str,
    /// The unit.
    pub(crate) unit: String,
    /// Whether a session has opened.
    pub(crate) is_login: bool,
    user: String,
}

/// What follows from pam_exec's two words, if anything.
pub(crate) fn ring(kind: &str, user: &str) -> Option<Ring> {
    if !is_name(user) {
        return None;
    }
    let (verb, unit) = match kind {
        "open_session" => ("start", format!("secrets-dispatcher@{user}.target")),
        // Again also while it still waits for another session's end: it looks anew.
        "close_session" => ("restart", format!("sd-logout@{user}.service")),
        _ => return None,
    };
    Some(Ring { verb, unit, is_login: verb == "start", user: user.to_owned() })
}

impl Ring {
    /// Whether this user is provisioned; for all others a login costs no more than this look.
    pub(crate) fn is_wanted(&self) -> bool {
        Path::new("/etc/secrets-dispatcher").join(&self.user).join("parties.json").exists()
    }
}

/// Whether it is a name that provisioning takes: it becomes part of a unit's name, and of a path.
fn is_name(user: &str) -> bool {
    let first = |c: char| c.is_ascii_lowercase() || c == '_';
    user.len() <= 32
        && user.starts_with(first)
        && user.chars().all(|c| first(c) || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_opens_starts_the_target() {
        let ring = ring("open_session", "nb").unwrap();
        assert_eq!((ring.verb, ring.unit.as_str()), ("start", "secrets-dispatcher@nb.target"));
    }

    #[test]
    fn a_session_that_closes_has_it_looked_at() {
        let ring = ring("close_session", "nb").unwrap();
        assert_eq!((ring.verb, ring.unit.as_str()), ("restart", "sd-logout@nb.service"));
    }

    #[test]
    fn nothing_else_rings() {
        for kind in ["auth", "account", "password", ""] {
            assert_eq!(ring(kind, "nb"), None, "{kind}");
        }
    }

    #[test]
    fn a_name_that_is_a_path_or_an_option_does_not_ring() {
        for user in ["", "-a", "../x", "a/b", "a b", "nb@x", "NB", "a\n", "ä", &"a".repeat(33)] {
            assert_eq!(ring("open_session", user), None, "{user}");
        }
    }

    #[test]
    fn who_is_not_provisioned_is_not_rung_for() {
        assert!(!ring("open_session", "no-such-user").unwrap().is_wanted());
    }
}
