//! The companion's keyring, by gpgme: which key a name means, and a signature with it.

use gpgme::{Context, Error, KeyListMode, PinentryMode, Protocol};
use sd_wire::bounded::Text;
use sd_wire::fault::Fault;
use sd_wire::sign::{Fingerprint, Key};

use crate::{agent, status};

/// A detached armoured signature, and what gpg's `--status-fd` says of it.
pub(crate) struct Signature {
    pub(crate) bytes: Vec<u8>,
    pub(crate) status: Text<4096>,
}

/// The key that a name means: a fingerprint, an id, a user id, or empty for the first that can sign.
///
/// # Errors
/// [`Fault::NotFound`] when no secret key matches, [`Fault::UnusableKey`] when some do and none may sign,
/// [`Fault::Unavailable`] when there is no gpg-agent that could tell.
pub(crate) fn describe(name: &str) -> Result<Key, Fault> {
    find(&mut context()?, name).map(|(_, description)| description)
}

/// Whether a signature with the key of this name would make gpg-agent ask for a passphrase.
///
/// # Errors
/// As [`describe`], and what gpg-agent says.
pub(crate) fn would_ask(name: &str) -> Result<bool, Fault> {
    let (key, _) = find(&mut context()?, name)?;
    agent::would_ask(grip(&key).ok_or(Fault::UnusableKey)?)
}

/// Makes gpg-agent ask for the passphrase of the key of this name, unless it knows it: by a signature of a text of our
/// own, which is thrown away.
///
/// # Errors
/// As [`describe`], and as gpg's error means it.
pub(crate) fn unlock(name: &str) -> Result<(), Fault> {
    let mut gpg = context()?;
    let (key, _) = find(&mut gpg, name)?;
    gpg.add_signer(&key).map_err(fault)?;
    gpg.sign_detached(UNLOCKING, Vec::new()).map(drop).map_err(fault)
}

/// Says of itself, should it ever be seen, that it stands for nothing.
const UNLOCKING: &str = "Secrets Dispatcher unlocked this key. This signature was thrown away.\n";

fn find(gpg: &mut Context, name: &str) -> Result<(gpgme::Key, Key), Fault> {
    // gpgme wants a C string and panics without one, which would end every other order as well.
    if name.contains('\0') {
        return Err(Fault::NotFound);
    }
    let patterns: Vec<&str> = if name.is_empty() { Vec::new() } else { vec![name] };
    let mut matched = false;
    for key in gpg.find_secret_keys(patterns.clone()).map_err(fault)? {
        let key = key.map_err(fault)?;
        matched = true;
        if let Some(description) = usable(&key) {
            return Ok((key, description));
        }
    }
    if matched {
        return Err(Fault::UnusableKey);
    }
    // Without a gpg-agent every key looks as if it had no secret part.
    if gpg.find_keys(patterns).map_err(fault)?.next().is_some() && !agent::runs()? {
        return Err(Fault::Unavailable);
    }
    Err(Fault::NotFound)
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
    gpg.add_key_list_mode(KeyListMode::WITH_KEYGRIP).map_err(fault)?;
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

/// The keygrip of what gpg signs with: the newest subkey that may sign, or else the primary key.
fn grip(key: &gpgme::Key) -> Option<&str> {
    let fit = |part: &gpgme::Subkey<'_>| part.can_sign() && !part.is_bad() && part.is_secret();
    let mut parts = key.subkeys();
    let primary = parts.next();
    let newest = parts.filter(fit).max_by_key(gpgme::Subkey::creation_time);
    newest.or(primary.filter(fit))?.keygrip().ok()
}

/// What gpg's error means. gpg hands through what the pinentry and gpg-agent said, number and source.
fn fault(e: Error) -> Fault {
    /// `GPG_ERR_SOURCE_PINENTRY`.
    const PINENTRY: u32 = 5;
    let code = e.code();
    let is = |other: Error| code == other.code();
    let of_pinentry = e.raw() >> 24 & 0x7f == PINENTRY;
    // gpg-agent 2.2 ends at an entry that is empty or longer than 255 bytes, and calls that no passphrase.
    if is(Error::BAD_PASSPHRASE) || is(Error::NO_PASSPHRASE) {
        Fault::WrongPassphrase
    } else if is(Error::CANCELED) || is(Error::FULLY_CANCELED) {
        Fault::Dismissed
    } else if is(Error::TIMEOUT) && of_pinentry {
        Fault::NoPassphrase
    } else if is(Error::TIMEOUT) {
        Fault::Timeout
    } else if is(Error::NO_SECKEY) || is(Error::UNUSABLE_SECKEY) || is(Error::KEY_EXPIRED) {
        Fault::UnusableKey
    } else if is(Error::NO_AGENT) || is(Error::INV_ENGINE) || is(Error::NO_PIN_ENTRY) {
        Fault::Unavailable
    } else if is(Error::EOF) && of_pinentry {
        Fault::Lost
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
