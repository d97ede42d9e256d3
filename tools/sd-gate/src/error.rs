//! The errors that a caller gets over the bus, by name.

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
    /// sd-decide cannot be reached.
    Unavailable(String),
    /// There is no such request.
    NoSuchRequest(String),
}
