//! The errors that a caller gets.

use sd_cipher::NoAgreement;

use crate::fault::Fault;

/// An error reply: its D-Bus name and a sentence for a person.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

const LOCKED: &str = "org.freedesktop.Secret.Error.IsLocked";
const NO_SESSION: &str = "org.freedesktop.Secret.Error.NoSession";
const NO_SUCH_OBJECT: &str = "org.freedesktop.Secret.Error.NoSuchObject";
const NOT_SUPPORTED: &str = "org.freedesktop.DBus.Error.NotSupported";
const INVALID: &str = "org.freedesktop.DBus.Error.InvalidArgs";
const TOO_MUCH: &str = "org.freedesktop.DBus.Error.LimitsExceeded";
const LATE: &str = "org.freedesktop.DBus.Error.TimedOut";
const FAILED: &str = "org.freedesktop.DBus.Error.Failed";

impl Refusal {
    pub(crate) fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into() }
    }

    pub(crate) fn no_session() -> Self {
        Self::new(NO_SESSION, "there is no such session of yours; open one with OpenSession")
    }

    pub(crate) fn no_such_object() -> Self {
        Self::new(NO_SUCH_OBJECT, "there is no such object")
    }

    pub(crate) fn unknown_method(what: &str) -> Self {
        Self::new(
            "org.freedesktop.DBus.Error.UnknownMethod",
            format!("there is no method {what} at this object"),
        )
    }

    pub(crate) fn unknown_property() -> Self {
        Self::new("org.freedesktop.DBus.Error.UnknownProperty", "this object has no such property")
    }

    pub(crate) fn read_only() -> Self {
        Self::new("org.freedesktop.DBus.Error.PropertyReadOnly", "this property cannot be set")
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::new(INVALID, text)
    }

    pub(crate) fn too_much(text: impl Into<String>) -> Self {
        Self::new(TOO_MUCH, text)
    }

    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::new(FAILED, text)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let name = match fault {
            Fault::Locked => LOCKED,
            Fault::NotFound => NO_SUCH_OBJECT,
            Fault::NotSupported(_) => NOT_SUPPORTED,
            Fault::Invalid(_) => INVALID,
            Fault::TooLarge(_) => TOO_MUCH,
            Fault::Late(_) => LATE,
            Fault::Unfit(..) | Fault::Gpg(_) | Fault::Wrong(_) | Fault::Io(..) | Fault::NoMemory(_) => {
                // Whoever asks may not say it to anybody.
                sd_journal::error(&fault);
                FAILED
            }
        };
        Self::new(name, fault.to_string())
    }
}

impl From<sd_cipher::Fault> for Refusal {
    fn from(fault: sd_cipher::Fault) -> Self {
        use sd_cipher::Fault::{NoMemory, NotAsAgreed, TooLong, WrongKey};
        let name = match fault {
            NotAsAgreed | WrongKey => INVALID,
            TooLong => TOO_MUCH,
            NoMemory => FAILED,
        };
        Self::new(name, fault.to_string())
    }
}

impl From<NoAgreement> for Refusal {
    fn from(why: NoAgreement) -> Self {
        let name = match why {
            // libsecret falls back to a plain session on exactly this name.
            NoAgreement::Unknown(_) => NOT_SUPPORTED,
            NoAgreement::NoKey | NoAgreement::WrongLength => INVALID,
            NoAgreement::Failed => FAILED,
        };
        Self::new(name, why.to_string())
    }
}
