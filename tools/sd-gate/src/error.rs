//! The errors: those that a caller gets over the bus, by name, and those that end the process.

use std::fmt;

use sd_sys::exit;

/// What a caller is told. The name is `net.mowaka.SecretsDispatcher1.Error.` and the variant.
#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "net.mowaka.SecretsDispatcher1.Error")]
pub(crate) enum Refusal {
    /// The bus failed under us.
    #[zbus(error)]
    ZBus(zbus::Error),
    /// The caller is not the desktop user that this gate serves.
    NotServed(String),
    /// The sink is not a fresh end of the caller's own SEQPACKET socketpair.
    BadSink(String),
    /// The payload is not a sealed memfd of a bearable size.
    BadPayload(String),
    /// An argument or a claim is out of bounds or of the wrong shape.
    BadArgument(String),
    /// Too many requests are waiting.
    TooMany(String),
    /// This release cannot do that.
    NotYet(String),
    /// sd-decide cannot be reached.
    Unavailable(String),
    /// There is no such request.
    NoSuchRequest(String),
}

/// Why the gate cannot serve at all.
#[derive(Debug)]
pub(crate) enum Fatal {
    /// The parties file is missing, untrusted, malformed, or names another uid for the gate.
    Misconfigured(String),
    /// The system bus cannot be reached, or does not give us the name.
    Bus(zbus::Error),
}

impl Fatal {
    /// The exit status, by sysexits.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Misconfigured(_) => exit::MISCONFIGURED,
            Self::Bus(_) => exit::UNAVAILABLE,
        }
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misconfigured(why) => f.write_str(why),
            Self::Bus(e) => write!(f, "the system bus does not let us serve: {e}; is the policy file installed?"),
        }
    }
}

impl From<zbus::Error> for Fatal {
    fn from(e: zbus::Error) -> Self {
        Self::Bus(e)
    }
}
