//! gpg, by gpgme: entries decrypted into locked memory and encrypted from it.

use std::io::{self, Write};
use std::sync::Arc;

use gpgme::{Context, Data, EncryptFlags, Key, KeyListMode, PinentryMode, Protocol};
use sd_sys::secret::Secret;
use sd_wire::fault::Fault as Wire;

use crate::fault::Fault;

/// The most bytes of an entry: a secret of the most bytes in base64, its attributes, and room for what somebody wrote
/// below.
pub(crate) const MAX_ENTRY: usize = 2 * 1024 * 1024;
/// The same of an index of many entries.
const MAX_INDEX: usize = 64 * 1024 * 1024;
/// Room at first: most entries are shorter.
const FIRST: usize = 16 * 1024;

/// Whom entries are encrypted to.
#[derive(Clone)]
pub(crate) struct Recipients {
    keys: Arc<Vec<Key>>,
    /// Keygrips of those that we can decrypt with.
    pub(crate) grips: Arc<Vec<String>>,
    /// Whether one of ours is on a card, of which gpg-agent does not know whether it would ask.
    pub(crate) on_card: bool,
}

/// What somebody does when gpg wants a passphrase.
#[derive(Clone, Copy)]
pub(crate) enum Asking {
    /// The person types it, wherever gpg-agent's pinentry asks.
    Person,
    /// Nobody: it is an error.
    Nobody,
}

/// The keys that these names mean: fingerprints, ids or addresses, as `.gpg-id` has them.
///
/// # Errors
/// [`Fault::Wrong`] when a name means none that can be encrypted to, or several, or when none of them is ours: what is
/// encrypted then could never be read again.
pub(crate) fn recipients(names: &[String]) -> Result<Recipients, Fault> {
    let mut gpg = context(Asking::Nobody)?;
    let (mut keys, mut grips, mut on_card) = (Vec::new(), Vec::new(), false);
    for name in names {
        let mut fit = Vec::new();
        for key in gpg.find_keys([name.as_str()])? {
            let key = key?;
            if key.can_encrypt() && !key.is_bad() {
                fit.push(key);
            }
        }
        let (Some(key), true) = (fit.pop(), fit.is_empty()) else {
            return Err(Fault::Wrong(format!(
                "the recipient {name:?} of .gpg-id means no key, or several, that can be encrypted to"
            )));
        };
        let print =
            key.fingerprint().map_err(|_| Fault::Wrong("gpg gives no fingerprint".into()))?.to_owned();
        for ours in gpg.find_secret_keys([print.as_str()])? {
            let ours = ours?;
            for part in ours.subkeys().filter(|part| part.can_encrypt() && part.is_secret() && !part.is_bad())
            {
                on_card |= part.is_card_key();
                grips.extend(part.keygrip().ok().map(str::to_owned));
            }
        }
        keys.push(key);
    }
    if grips.is_empty() {
        return Err(Fault::Wrong(
            "no recipient of .gpg-id has its secret key here; is gpg-agent there?".into(),
        ));
    }
    Ok(Recipients { keys: Arc::new(keys), grips: Arc::new(grips), on_card })
}

/// The text of an entry, in locked memory.
pub(crate) fn decrypt(cipher: &[u8], asking: Asking) -> Result<Secret, Fault> {
    decrypt_up_to(MAX_ENTRY, cipher, asking)
}

/// As [`decrypt`], of what is no entry.
pub(crate) fn decrypt_long(cipher: &[u8], asking: Asking) -> Result<Secret, Fault> {
    decrypt_up_to(MAX_INDEX, cipher, asking)
}

fn decrypt_up_to(most: usize, cipher: &[u8], asking: Asking) -> Result<Secret, Fault> {
    let mut gpg = context(asking)?;
    let mut room = Room { text: Secret::with_capacity(FIRST).map_err(Fault::NoMemory)?, most };
    {
        let mut out = Data::from_writer(&mut room).map_err(|e| e.error())?;
        // gpgme's own buffers are wiped.
        out.set_flag("sensitive", "1")?;
        gpg.decrypt(cipher, &mut out)?;
    }
    Ok(room.text)
}

/// An entry as it goes into a file.
pub(crate) fn encrypt(text: &Secret, to: &Recipients) -> Result<Vec<u8>, Fault> {
    let mut gpg = context(Asking::Nobody)?;
    let mut cipher = Vec::new();
    // Whom to trust is said by .gpg-id, which is ours alone. Not compressed, as pass has it: the length of the whole
    // tells too little to be worth guessing at the content by it.
    let flags = EncryptFlags::ALWAYS_TRUST | EncryptFlags::NO_ENCRYPT_TO | EncryptFlags::NO_COMPRESS;
    let mut plain = Data::from_buffer(text.expose())?;
    // gpgme sends it on by a buffer of its own, which it wipes then.
    plain.set_flag("sensitive", "1")?;
    gpg.encrypt_with_flags(to.keys.iter(), &mut plain, &mut cipher, flags)?;
    Ok(cipher)
}

/// Makes gpg-agent ask for the passphrase of one of these keys, unless it knows it: by a text of our own.
pub(crate) fn unlock(of: &Recipients) -> Result<(), Fault> {
    by_a_text_of_ours(of, Asking::Person)
}

/// Whether one of these keys decrypts without anybody being asked.
///
/// # Errors
/// [`Fault`], when it is another thing than a passphrase that gpg lacks.
pub(crate) fn opens(of: &Recipients) -> Result<bool, Fault> {
    match by_a_text_of_ours(of, Asking::Nobody) {
        Ok(()) => Ok(true),
        Err(why) if wants_a_passphrase(&why) => Ok(false),
        Err(why) => Err(why),
    }
}

/// Whether gpg failed because it would have had to ask, and nobody is asked: it calls that a cancellation.
pub(crate) fn wants_a_passphrase(why: &Fault) -> bool {
    matches!(why, Fault::Gpg(Wire::Dismissed | Wire::WrongPassphrase | Wire::NoAgent | Wire::NoKey))
}

fn by_a_text_of_ours(of: &Recipients, asking: Asking) -> Result<(), Fault> {
    let mut text = Secret::with_capacity(16).map_err(Fault::NoMemory)?;
    text.push(b"unlocking").map_err(|_| Fault::TooLarge("no room"))?;
    let cipher = encrypt(&text, of)?;
    decrypt(&cipher, asking).map(drop)
}

fn context(asking: Asking) -> Result<Context, Fault> {
    let mut gpg = Context::from_protocol(Protocol::OpenPgp)?;
    gpg.set_offline(true);
    gpg.set_armor(false);
    let mode = match asking {
        Asking::Person => PinentryMode::Default,
        Asking::Nobody => PinentryMode::Cancel,
    };
    gpg.set_pinentry_mode(mode)?;
    gpg.add_key_list_mode(KeyListMode::WITH_KEYGRIP)?;
    Ok(gpg)
}

/// Grows as gpg says more, and never leaves anything behind.
struct Room {
    text: Secret,
    most: usize,
}

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.push(bytes).is_ok() {
            return Ok(bytes.len());
        }
        let needed = self.text.len().saturating_add(bytes.len());
        if needed > self.most {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let mut larger = Secret::with_capacity(needed.saturating_mul(2).min(self.most))?;
        let full = |_| io::Error::from(io::ErrorKind::OutOfMemory);
        larger.push(self.text.expose()).map_err(full)?;
        larger.push(bytes).map_err(full)?;
        self.text = larger;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
