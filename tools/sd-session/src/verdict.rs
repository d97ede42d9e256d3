//! What follows from what logind said, or did not say.

use std::time::Duration;

use crate::failure::Failure;
use crate::session::Sessions;

/// Whether the user's target may start. Who cannot be seen to be there is not.
pub(crate) fn begun(user: &str, waited: Duration, seen: Result<Sessions, String>) -> Result<String, Failure> {
    match seen {
        Ok(sessions) if sessions.is_empty() => Err(Failure::NoSession(user.to_owned(), waited)),
        Ok(sessions) => Ok(format!("{user} has a session ({sessions})")),
        Err(why) => Err(Failure::NoAnswer(user.to_owned(), why)),
    }
}

/// Whether the user's target is to stop. Who cannot be seen to be there any more has gone: a store that is locked too
/// early is opened again by the next login, one that stays open is what this project is against.
pub(crate) fn ended(user: &str, waited: Duration, seen: Result<Sessions, String>) -> Result<String, Failure> {
    match seen {
        Ok(sessions) if sessions.is_empty() => Ok(format!("{user} has no session any more")),
        Ok(sessions) => Err(Failure::StillHere(user.to_owned(), sessions)),
        Err(why) => Ok(format!(
            "logind could not be asked for {} s whether {user} has a session, so there is none: {why}",
            waited.as_secs()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    const WAITED: Duration = Duration::from_secs(3);

    fn one() -> Sessions {
        let at_work = Session { id: "7".into(), uid: 1000, class: "user".into(), state: "active".into() };
        Sessions::of(1000, [at_work])
    }

    #[test]
    fn without_a_session_nothing_starts() {
        let why = begun("nb", WAITED, Ok(Sessions::default())).unwrap_err();
        assert!(matches!(why, Failure::NoSession(..)), "{why}");
        assert!(why.to_string().contains("log in as nb"), "{why}");
        assert!(begun("nb", WAITED, Ok(one())).unwrap().contains('7'));
    }

    #[test]
    fn without_logind_nothing_starts_and_all_stops() {
        assert!(matches!(begun("nb", WAITED, Err("gone".into())), Err(Failure::NoAnswer(..))));
        assert!(ended("nb", WAITED, Err("gone".into())).unwrap().contains("gone"));
    }

    #[test]
    fn a_session_that_is_left_keeps_all_as_it_is() {
        let why = ended("nb", WAITED, Ok(one())).unwrap_err();
        assert!(why.is_ordinary(), "{why}");
        assert!(why.to_string().contains('7'), "{why}");
        assert!(ended("nb", WAITED, Ok(Sessions::default())).is_ok());
    }
}
