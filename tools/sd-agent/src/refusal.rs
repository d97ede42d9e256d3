//! The errors that an application gets. Names and texts matter: clients act on the names and print the texts.

use sd_client::Failure;
use sd_wire::fault::Fault;
use sd_wire::outcome::What;

/// An error reply: its D-Bus name and a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $function:ident = $name:literal;)*) => {
        impl Refusal {
            $($(#[$doc])*
            pub(crate) fn $function(text: impl Into<String>) -> Self {
                Self { name: $name, text: text.into() }
            })*
        }
    };
}

refusals! {
    /// The item is not approved for this application.
    is_locked = "org.freedesktop.Secret.Error.IsLocked";
    /// The session is not this application's, or there is none.
    no_session = "org.freedesktop.Secret.Error.NoSession";
    /// There is no such item or collection at the backend.
    no_such_object = "org.freedesktop.Secret.Error.NoSuchObject";
    /// libsecret falls back to a plain session on exactly this name.
    not_supported = "org.freedesktop.DBus.Error.NotSupported";
    /// The arguments have other types than the method takes, or values that it does not take.
    invalid_args = "org.freedesktop.DBus.Error.InvalidArgs";
    /// There is no object of ours at that path.
    unknown_object = "org.freedesktop.DBus.Error.UnknownObject";
    /// The object has no such interface.
    unknown_interface = "org.freedesktop.DBus.Error.UnknownInterface";
    /// The interface has no such method.
    unknown_method = "org.freedesktop.DBus.Error.UnknownMethod";
    /// The interface has no such property.
    unknown_property = "org.freedesktop.DBus.Error.UnknownProperty";
    /// The property cannot be set.
    read_only = "org.freedesktop.DBus.Error.PropertyReadOnly";
    /// Not for this caller, or not for anybody.
    access_denied = "org.freedesktop.DBus.Error.AccessDenied";
    /// The application has too many of something open.
    limits_exceeded = "org.freedesktop.DBus.Error.LimitsExceeded";
    /// All else.
    failed = "org.freedesktop.DBus.Error.Failed";
}

/// How a direct call ends when its request did. A refusal by a person is `IsLocked` and never `NoSuchObject`: Git
/// Credential Manager erases, and Chromium replaces, what it takes to be gone.
impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let text = failure.to_string();
        match failure {
            _ if failure.is_refusal() => Self::is_locked(text),
            Failure::Ended(What::Failed { why: Fault::Locked, .. }) => Self::is_locked(text),
            Failure::Ended(What::Failed { why: Fault::NotFound, .. }) => Self::no_such_object(text),
            Failure::Ended(What::Rejected { why: Fault::TooMany }) => Self::limits_exceeded(text),
            _ => Self::failed(text),
        }
    }
}

impl From<sd_cipher::Fault> for Refusal {
    fn from(fault: sd_cipher::Fault) -> Self {
        use sd_cipher::Fault::{NoMemory, NotAsAgreed, TooLong, WrongKey};
        match fault {
            NotAsAgreed | WrongKey => Self::invalid_args(fault.to_string()),
            TooLong => Self::limits_exceeded(fault.to_string()),
            NoMemory => Self::failed(fault.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use sd_wire::fault::Stage;

    use super::*;

    #[test]
    fn a_denial_never_looks_like_not_found() {
        for what in [What::Denied {}, What::Expired {}, What::Cancelled {}] {
            let refusal = Refusal::from(Failure::Ended(what));
            assert_eq!(refusal.name, "org.freedesktop.Secret.Error.IsLocked");
        }
        let gone = What::Failed { stage: Stage::Fetch, why: Fault::NotFound };
        assert_eq!(Refusal::from(Failure::Ended(gone)).name, "org.freedesktop.Secret.Error.NoSuchObject");
    }

    #[test]
    fn an_absent_gate_is_told_with_what_to_do() {
        let refusal = Refusal::from(Failure::Absent);
        assert_eq!(refusal.name, "org.freedesktop.DBus.Error.Failed");
        assert!(refusal.text.contains("systemctl start secrets-dispatcher@"), "{}", refusal.text);
    }
}
