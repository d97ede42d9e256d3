//! What the backend's errors mean for the person who asked.

use sd_wire::fault::Fault;

/// The fault that fits an error of the backend or of the bus under it.
pub(crate) fn fault(e: &zbus::Error) -> Fault {
    match e {
        zbus::Error::MethodError(name, ..) => named(name.as_str()),
        zbus::Error::FDO(e) => match **e {
            zbus::fdo::Error::UnknownObject(_)
            | zbus::fdo::Error::UnknownMethod(_)
            | zbus::fdo::Error::UnknownInterface(_) => Fault::NotFound,
            zbus::fdo::Error::ServiceUnknown(_)
            | zbus::fdo::Error::NameHasNoOwner(_)
            | zbus::fdo::Error::Disconnected(_) => Fault::Unavailable,
            zbus::fdo::Error::NoReply(_) | zbus::fdo::Error::TimedOut(_) | zbus::fdo::Error::Timeout(_) => {
                Fault::Timeout
            }
            zbus::fdo::Error::ZBus(ref e) => fault(e),
            _ => Fault::Refused,
        },
        zbus::Error::InputOutput(e) if e.kind() == std::io::ErrorKind::TimedOut => Fault::Timeout,
        zbus::Error::InputOutput(_) | zbus::Error::Address(_) | zbus::Error::Handshake(_) => {
            Fault::Unavailable
        }
        zbus::Error::Variant(_) => Fault::Malformed,
        _ => Fault::Refused,
    }
}

/// As [`fault`], of a call to the backend. Whoever asked is told of this log where the fault itself does not say enough.
pub(crate) fn noted(member: &str, e: &zbus::Error) -> Fault {
    let why = fault(e);
    if why == Fault::Refused {
        // Without the backend's text, which may quote what was stored.
        match e {
            zbus::Error::MethodError(name, ..) => {
                sd_journal::warning(format!("{member} was refused: {name}"))
            }
            _ => sd_journal::warning(format!("{member} was refused")),
        }
    }
    why
}

fn named(name: &str) -> Fault {
    match name {
        "org.freedesktop.Secret.Error.IsLocked" => Fault::Locked,
        // gnome-keyring, for a master password that is wrong (daemon/dbus/gkd-secret-unlock.c).
        "org.gnome.keyring.Error.Denied" => Fault::WrongPassphrase,
        "org.freedesktop.Secret.Error.NoSuchObject"
        | "org.freedesktop.DBus.Error.UnknownObject"
        | "org.freedesktop.DBus.Error.UnknownInterface"
        | "org.freedesktop.DBus.Error.UnknownMethod" => Fault::NotFound,
        "org.freedesktop.DBus.Error.ServiceUnknown"
        | "org.freedesktop.DBus.Error.NameHasNoOwner"
        | "org.freedesktop.DBus.Error.Disconnected" => Fault::Unavailable,
        "org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.TimedOut" => Fault::Timeout,
        _ => Fault::Refused,
    }
}

/// As [`fault`], for an error of the Secret Service library.
pub(crate) fn of_oo7(e: &oo7::dbus::Error) -> Fault {
    use oo7::dbus::{Error, ServiceError};
    match e {
        Error::ZBus(e) | Error::Service(ServiceError::ZBus(e)) => fault(e),
        Error::Service(ServiceError::IsLocked(_)) => Fault::Locked,
        Error::Service(ServiceError::NoSuchObject(_)) | Error::Deleted | Error::NotFound(_) => {
            Fault::NotFound
        }
        Error::IO(e) if e.kind() == std::io::ErrorKind::TimedOut => Fault::Timeout,
        Error::IO(_) => Fault::Unavailable,
        _ => Fault::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_collection_is_not_a_missing_item() {
        assert_eq!(named("org.freedesktop.Secret.Error.IsLocked"), Fault::Locked);
        assert_eq!(named("org.freedesktop.Secret.Error.NoSuchObject"), Fault::NotFound);
    }

    #[test]
    fn a_backend_that_is_not_there_is_unavailable_and_one_that_hangs_is_a_timeout() {
        assert_eq!(named("org.freedesktop.DBus.Error.ServiceUnknown"), Fault::Unavailable);
        let hung = zbus::Error::InputOutput(std::sync::Arc::new(std::io::ErrorKind::TimedOut.into()));
        assert_eq!(fault(&hung), Fault::Timeout);
    }
}
