//! Whether a key may sign.

use std::fmt;
use std::path::Path;

use sd_wire::fault::Fault;
use sd_wire::sign::Fingerprint;

use crate::{FirstUse, List};

/// The keys that may sign just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Those of a list.
    Listed(Vec<Fingerprint>),
    /// The one with which was first signed; any while nothing was.
    First(Option<Fingerprint>),
}

/// Why a key may not sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The list does not name it.
    NotListed {
        /// It.
        found: Fingerprint,
    },
    /// Another one was there first.
    Changed {
        /// That one.
        trusted: Fingerprint,
        /// It.
        found: Fingerprint,
    },
}

impl Allowed {
    /// What the list in this file says, if there is one, or else what is kept of the first use.
    ///
    /// # Errors
    /// A sentence, when either cannot be read. Then no key may sign.
    pub fn read(list: Option<&Path>, first_use: &FirstUse) -> Result<Self, String> {
        match list.map(List::read).transpose().map_err(|why| why.to_string())? {
            Some(List::Keys(keys)) => Ok(Self::Listed(keys)),
            Some(List::FirstUse) | None => Ok(Self::First(first_use.read().map_err(|why| why.to_string())?)),
        }
    }

    /// Whether this one may.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn admit(&self, key: &Fingerprint) -> Result<(), Refused> {
        match self {
            Self::First(None) => Ok(()),
            Self::Listed(keys) if keys.contains(key) => Ok(()),
            Self::First(Some(trusted)) if trusted == key => Ok(()),
            Self::Listed(_) => Err(Refused::NotListed { found: key.clone() }),
            Self::First(Some(trusted)) => {
                Err(Refused::Changed { trusted: trusted.clone(), found: key.clone() })
            }
        }
    }
}

impl Refused {
    /// The same, as it crosses the wire.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotListed { found } => Fault::KeyNotAllowed { found: found.into() },
            Self::Changed { trusted, found } => {
                Fault::KeyChanged { trusted: trusted.into(), found: found.into() }
            }
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fault())
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: char) -> Fingerprint {
        Fingerprint::parse(&digit.to_string().repeat(40)).unwrap()
    }

    #[test]
    fn a_list_admits_what_it_names_and_an_empty_one_nothing() {
        let list = Allowed::Listed(vec![key('A'), key('B')]);
        assert_eq!(list.admit(&key('B')), Ok(()));
        assert_eq!(list.admit(&key('C')), Err(Refused::NotListed { found: key('C') }));
        assert!(Allowed::Listed(Vec::new()).admit(&key('A')).is_err());
    }

    #[test]
    fn the_first_use_admits_any_key_once_and_that_one_ever_after() {
        assert_eq!(Allowed::First(None).admit(&key('A')), Ok(()));
        let kept = Allowed::First(Some(key('A')));
        assert_eq!(kept.admit(&key('A')), Ok(()));
        let refused = kept.admit(&key('B')).unwrap_err();
        assert_eq!(refused, Refused::Changed { trusted: key('A'), found: key('B') });
        assert!(refused.to_string().contains(&"A".repeat(40)), "{refused}");
    }

    #[test]
    fn a_list_goes_before_the_first_use_unless_it_says_so_itself() {
        let place = tempfile::tempdir().unwrap();
        let (list, first_use) = (place.path().join("list"), FirstUse::within(place.path().join("state")));
        first_use.replace(&key('A')).unwrap();
        let read = |list: Option<&Path>| Allowed::read(list, &first_use);
        assert_eq!(read(None), Ok(Allowed::First(Some(key('A')))));
        assert!(read(Some(&list)).is_err(), "a list that is not there is no licence");
        std::fs::write(&list, "B".repeat(40)).unwrap();
        assert_eq!(read(Some(&list)), Ok(Allowed::Listed(vec![key('B')])));
        std::fs::write(&list, "first-use\n").unwrap();
        assert_eq!(read(Some(&list)), Ok(Allowed::First(Some(key('A')))));
    }
}
