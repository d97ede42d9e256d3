//! The companion's keyring, by gpgme: which key a name means, and a signature with it.

use gpgme::{Context, Error, PinentryMode, Protocol};
use sd_wire::bounded::Text;
use sd_wire::fault::Fault;
use sd_wire::sign::{Fingerprint, Key};

use crate::status;

/// A detached armoured signature, and what gpg's `--status-fd` says of it.
pub(crate) struct Signature {
    pub(crate) bytes: Vec<u8>,
    pub(crate) status: Text<4096>,
}

/// The key that a name means: a fingerprint, an id, a user id, or empty for the first that can sign.
///
/// # Errors
/// [`Fault::NotFound`] when no secret key matches, [`Fault::UnusableKey`] when some do and none may sign.
pub(crate) fn describe(name: &str) -> Result<Key, Fault> {
    // gpgme wants a C string and panics without one, which would end every other order as well.
    if name.contains('\0') {
        return Err(Fault::NotFound);
    }
    let mut gpg = context()?;
    let patterns: Vec<&str> = if name.is_empty() { Vec::new() } else { vec![name] };
    let mut matched = false;
    for key in gpg.find_secret_keys(patterns).map_err(fault)? {
        let key = key.map_err(fault)?;
        matched = true;
        if let Some(description) = usable(&key) {
            return Ok(description);
        }
    }
    Err(if matched { Fault::UnusableKey } else { Fault::NotFound })
}

/// Signs with exactly this key.
///
/// # Errors
/// [`Fault`], as gpg's error means it.
pub(crate) fn sign(fingerprint: &Fingerprint, payload: &[u8]) -> Result<Signature, Fault> {
    let mut gpg = context()?;
    let key = gpg.get_secret_key(fingerprint.as_str()).map_err(|_| Fault::NotFound)?;
    // gpg also finds a key by a subkey's fingerprint; what was shown is the primary key's.
    match usable(&key) {
        Some(found) if found.fingerprint == *fingerprint => {}
        Some(_) => return Err(Fault::Changed),
        None => return Err(Fault::UnusableKey),
    }
    gpg.add_signer(&key).map_err(fault)?;
    gpg.set_armor(true);
    let mut bytes = Vec::new();
    let result = gpg.sign_detached(payload, &mut bytes).map_err(fault)?;
    let made = result.new_signatures().next().ok_or(Fault::Refused)?;
    let status = Text::new(status::lines(&made).ok_or(Fault::Refused)?).map_err(|_| Fault::TooLarge)?;
    Ok(Signature { bytes, status })
}

fn context() -> Result<Context, Fault> {
    let mut gpg = Context::from_protocol(Protocol::OpenPgp).map_err(fault)?;
    gpg.set_offline(true);
    gpg.set_pinentry_mode(PinentryMode::Default).map_err(fault)?;
    Ok(gpg)
}

fn usable(key: &gpgme::Key) -> Option<Key> {
    if key.is_bad() || !key.can_sign() || !key.has_secret() {
        return None;
    }
    let user_id = key.user_ids().find(|u| !u.is_bad())?;
    Some(Key {
        fingerprint: Fingerprint::parse(key.fingerprint().ok()?).ok()?,
        user_id: Text::clipped(&String::from_utf8_lossy(user_id.id_raw()?.to_bytes())),
    })
}

fn fault(e: Error) -> Fault {
    let code = e.code();
    let is = |other: Error| code == other.code();
    if is(Error::TIMEOUT) {
        Fault::Timeout
    } else if is(Error::NO_SECKEY) || is(Error::UNUSABLE_SECKEY) || is(Error::KEY_EXPIRED) {
        Fault::UnusableKey
    } else if is(Error::NO_AGENT) || is(Error::INV_ENGINE) {
        Fault::Unavailable
    } else {
        sd_journal::warning(format!("gpg: {e}"));
        Fault::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_c_string_names_no_key() {
        assert_eq!(describe("ada\0").unwrap_err(), Fault::NotFound);
    }
}
