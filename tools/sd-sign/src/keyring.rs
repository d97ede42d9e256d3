//! The companion's keyring, by gpgme: which key a name means, and a signature with it.

use gpgme::{Context, KeyListMode, PinentryMode, Protocol};
use sd_gpg_agent::{self as agent, fault};
use sd_keys::Allowed;
use sd_wire::bounded::Text;
use sd_wire::fault::Fault;
use sd_wire::sign::{Fingerprint, Key};

use crate::keys::Keys;
use crate::listed::Stamp;
use crate::status;

/// A detached armoured signature, and what gpg's `--status-fd` says of it.
pub(crate) struct Signature {
    pub(crate) bytes: Vec<u8>,
    pub(crate) status: Text<4096>,
}

/// The key that a name means: a fingerprint, an id, a user id, or empty for the first that can sign. Only one that may
/// sign is found, if there is one among those that are meant.
///
/// # Errors
/// [`Fault::NoKey`] when no secret key matches, what keeps it from signing when some do, [`Fault::NoAgent`] when there
/// is no gpg-agent that could tell, [`Fault::KeysUnknown`] when it is not known which may sign.
pub(crate) fn describe(name: &str, keys: &Keys) -> Result<Key, Fault> {
    find(&mut context()?, name, keys).map(|(_, description)| description)
}

/// Whether a signature with the key of this name would make gpg-agent ask for a passphrase.
///
/// # Errors
/// As [`describe`], and what gpg-agent says.
pub(crate) fn would_ask(name: &str, keys: &Keys) -> Result<bool, Fault> {
    asks(&find(&mut context()?, name, keys)?.0)
}

/// Makes gpg-agent ask for the passphrase of the key of this name, unless it knows it: by a signature of a text of our
/// own, which is thrown away. A key on a card counts as unlocked: the card is not touched, nor need it be there.
///
/// # Errors
/// As [`describe`], and as gpg's error means it.
pub(crate) fn unlock(name: &str, keys: &Keys) -> Result<(), Fault> {
    let mut gpg = context()?;
    let (key, _) = find(&mut gpg, name, keys)?;
    if is_on_card(&key) {
        return Ok(());
    }
    gpg.add_signer(&key).map_err(|e| fault(e, false))?;
    gpg.sign_detached(UNLOCKING, Vec::new()).map(drop).map_err(|e| fault(e, false))
}

/// Says of itself, should it ever be seen, that it stands for nothing.
const UNLOCKING: &str = "Secrets Dispatcher unlocked this key. This signature was thrown away.\n";

fn find(gpg: &mut Context, name: &str, keys: &Keys) -> Result<(gpgme::Key, Key), Fault> {
    // gpgme wants a C string and panics without one, which would end every other order as well.
    if name.contains('\0') {
        return Err(Fault::NoKey);
    }
    let allowed = keys.allowed()?;
    let patterns: Vec<&str> = if name.is_empty() { Vec::new() } else { vec![name] };
    let mut refused: Option<(Weight, Fault)> = None;
    for key in gpg.find_secret_keys(patterns.clone()).map_err(|e| fault(e, false))? {
        let key = key.map_err(|e| fault(e, false))?;
        let (weight, why) = match examine(&key, &allowed) {
            Ok(description) => return Ok((key, description)),
            Err(why) => why,
        };
        if refused.is_none_or(|(other, _)| weight > other) {
            refused = Some((weight, why));
        }
    }
    if let Some((_, why)) = refused {
        return Err(keys.told(why));
    }
    // Without a gpg-agent every key looks as if it had no secret part.
    if gpg.find_keys(patterns).map_err(|e| fault(e, false))?.next().is_some() && !agent::runs()? {
        return Err(Fault::NoAgent);
    }
    Err(Fault::NoKey)
}

/// As [`find`], by what was listed for an earlier signature if nothing has changed since: to list a key takes gpg as long
/// as to sign.
fn listed(gpg: &mut Context, fingerprint: &Fingerprint, keys: &Keys) -> Result<(gpgme::Key, Key), Fault> {
    if let Some(key) = keys.listed.get(fingerprint, &keys.home) {
        // Which keys may sign is not part of it.
        if let Ok(description) = examine(&key, &keys.allowed()?) {
            return Ok((key, description));
        }
    }
    let stamp = Stamp::of(&keys.home);
    let (key, description) = find(gpg, fingerprint.as_str(), keys)?;
    keys.listed.keep(fingerprint, &key, stamp);
    Ok((key, description))
}

/// Signs with exactly this key, which is the one of the first use from then on if there was none. `may_ask` is told
/// before, if somebody may have to type something for it: a passphrase, or a card's PIN, of which gpg-agent knows nothing
/// beforehand.
///
/// # Errors
/// [`Fault`], as gpg's error means it, or when this key may not sign.
pub(crate) fn sign(
    fingerprint: &Fingerprint,
    payload: &[u8],
    keys: &Keys,
    may_ask: impl FnOnce(),
) -> Result<Signature, Fault> {
    let mut gpg = context()?;
    let (key, found) = listed(&mut gpg, fingerprint, keys)?;
    // gpg also finds a key by a subkey's fingerprint; what was shown is the primary key's.
    if found.fingerprint != *fingerprint {
        return Err(Fault::Changed);
    }
    // What is wrong with the key or with gpg-agent, gpg says best itself.
    if is_on_card(&key) || asks(&key).is_ok_and(|asks| asks) {
        may_ask();
    }
    let fault = |e| fault(e, is_on_card(&key));
    gpg.add_signer(&key).map_err(fault)?;
    gpg.set_armor(true);
    let mut bytes = Vec::new();
    let result = gpg.sign_detached(payload, &mut bytes).map_err(fault)?;
    let made = result.new_signatures().next().ok_or(Fault::Refused)?;
    let status = Text::new(status::lines(&made).ok_or(Fault::Refused)?).map_err(|_| Fault::TooLarge)?;
    // Before it leaves: a key that signed and is not kept could be exchanged unseen.
    keys.used(fingerprint)?;
    Ok(Signature { bytes, status })
}

fn context() -> Result<Context, Fault> {
    let mut gpg = Context::from_protocol(Protocol::OpenPgp).map_err(|e| fault(e, false))?;
    gpg.set_offline(true);
    gpg.set_pinentry_mode(PinentryMode::Default).map_err(|e| fault(e, false))?;
    gpg.add_key_list_mode(KeyListMode::WITH_KEYGRIP).map_err(|e| fault(e, false))?;
    Ok(gpg)
}

/// How much it matters that a key was refused: most, if it is the one that should have signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    UnusableAndNotAllowed,
    NotAllowed,
    Unusable,
}

/// The key for a person, if it can sign and may.
fn examine(key: &gpgme::Key, allowed: &Allowed) -> Result<Key, (Weight, Fault)> {
    let damaged = || (Weight::UnusableAndNotAllowed, Fault::UnusableKey);
    let fingerprint = key.fingerprint().ok().and_then(|print| Fingerprint::parse(print).ok());
    let fingerprint = fingerprint.ok_or_else(damaged)?;
    match (usable(key), allowed.admit(&fingerprint)) {
        (Ok(user_id), Ok(())) => Ok(Key { fingerprint, user_id }),
        (Ok(_), Err(why)) => Err((Weight::NotAllowed, why.fault())),
        (Err(why), Ok(())) => Err((Weight::Unusable, why)),
        (Err(why), Err(_)) => Err((Weight::UnusableAndNotAllowed, why)),
    }
}

/// The user id of a key that can sign, or why it cannot.
fn usable(key: &gpgme::Key) -> Result<Text<1024>, Fault> {
    // A key without a subkey that can sign lacks what only the subkey says: that it has expired.
    let of_signers =
        |is: fn(&gpgme::Subkey<'_>) -> bool| key.subkeys().any(|part| part.can_sign() && is(&part));
    if key.is_revoked() {
        return Err(Fault::KeyRevoked);
    }
    if key.is_expired() {
        return Err(Fault::KeyExpired);
    }
    if key.is_bad() {
        return Err(Fault::UnusableKey);
    }
    if signer(key).is_none() {
        return Err(if of_signers(|part| part.is_expired()) {
            Fault::KeyExpired
        } else if of_signers(|part| part.is_revoked()) {
            Fault::KeyRevoked
        } else if of_signers(|part| !part.is_bad() && !part.is_secret()) {
            Fault::NoKey
        } else {
            Fault::UnusableKey
        });
    }
    let user_id = key.user_ids().find(|u| !u.is_bad()).and_then(|u| u.id_raw());
    let user_id = user_id.ok_or(Fault::UnusableKey)?;
    Ok(Text::clipped(&String::from_utf8_lossy(user_id.to_bytes())))
}

/// What gpg signs with: the newest subkey that may sign, or else the primary key.
fn signer(key: &gpgme::Key) -> Option<gpgme::Subkey<'_>> {
    let fit = |part: &gpgme::Subkey<'_>| part.can_sign() && !part.is_bad() && part.is_secret();
    let mut parts = key.subkeys();
    let primary = parts.next();
    let newest = parts.filter(fit).max_by_key(gpgme::Subkey::creation_time);
    newest.or(primary.filter(fit))
}

fn asks(key: &gpgme::Key) -> Result<bool, Fault> {
    let signer = signer(key).ok_or(Fault::UnusableKey)?;
    agent::would_ask(signer.keygrip().map_err(|_| Fault::UnusableKey)?)
}

fn is_on_card(key: &gpgme::Key) -> bool {
    signer(key).is_some_and(|part| part.is_card_key())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_c_string_names_no_key() {
        let keys = Keys::of_unit(None);
        assert_eq!(describe("ada\0", &keys).unwrap_err(), Fault::NoKey);
    }
}
