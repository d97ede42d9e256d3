//! Packets as they are on the wire, for knocking at the doors by hand.

pub(crate) const READ: &str = r#"{"v":1,"body":{"ask":{"id":"0123456789abcdef","want":{"read":{"item":"/org/freedesktop/secrets/collection/login/1"}},"claims":{}}}}"#;
pub(crate) const STATUS: &str = r#"{"v":1,"body":{"status":{}}}"#;
pub(crate) const SEARCH: &str =
    r#"{"v":1,"body":{"search":{"id":"0123456789abcdef","collection":null,"attributes":{"a":"b"}}}}"#;
pub(crate) const ORDER_SIGN: &str = r#"{"v":1,"body":{"sign":{"id":"0123456789abcdef","fingerprint":"0123456789ABCDEF0123456789ABCDEF01234567"}}}"#;
