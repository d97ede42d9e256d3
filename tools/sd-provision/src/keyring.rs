//! A keyring, by gpgme.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use gpgme::results::KeyGenerationResult;
use gpgme::{Context, CreateKeyFlags, ExportMode, PassphraseRequest, PinentryMode, Protocol};
use sd_sys::secret::Secret;
use sd_wire::printable::Printable;
use sd_wire::sign::Fingerprint;

use crate::failure::Failure;

/// The longest user id that is printed.
const LONGEST: usize = 200;

/// One GnuPG home.
pub(crate) struct Keyring {
    gpg: Context,
}

/// A key, fit to be printed.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) user_id: Printable,
    pub(crate) secret: bool,
    pub(crate) on_card: bool,
    /// Whether something can be encrypted to it.
    pub(crate) encrypts: bool,
    /// Why it could not sign, if so.
    pub(crate) unfit: Option<&'static str>,
}

impl Keyring {
    /// The keyring in this GnuPG home.
    pub(crate) fn open(home: &Path) -> Result<Self, Failure> {
        let text = home.to_str().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| Failure::Usage("the path of the GnuPG home is no text".into()))?;
        let mut gpg = Context::from_protocol(Protocol::OpenPgp).map_err(|e| Failure::gpg("be started", e))?;
        gpg.set_engine_home_dir(text).map_err(|e| Failure::gpg("be started", e))?;
        gpg.set_offline(true);
        Ok(Self { gpg })
    }

    /// Every key, with whether its secret part is there.
    pub(crate) fn keys(&mut self) -> Result<Vec<Described>, Failure> {
        let failed = |e| Failure::gpg("list its keys", e);
        self.gpg.add_key_list_mode(gpgme::KeyListMode::WITH_SECRET).map_err(failed)?;
        let listed = self.gpg.keys().map_err(failed)?;
        listed
            .map(|key| key.map_err(failed))
            .filter_map(|key| key.map(|key| described(&key)).transpose())
            .collect()
    }

    /// The keys that these bytes hold, without taking any of them.
    pub(crate) fn look_into(&mut self, bytes: &[u8]) -> Result<Vec<Described>, Failure> {
        let failed = |e| Failure::Data(format!("the file holds no key that gpg can read: {e}"));
        let listed = self.gpg.read_keys(bytes).map_err(failed)?;
        listed
            .map(|key| key.map_err(failed))
            .filter_map(|key| key.map(|key| described(&key)).transpose())
            .collect()
    }

    /// Takes what these bytes hold.
    pub(crate) fn import(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let done = self.gpg.import(bytes).map_err(|e| Failure::gpg("import the key", e))?;
        match done.imports().find_map(|one| one.result().err()) {
            Some(e) => Err(Failure::gpg("import the key", e)),
            None => Ok(()),
        }
    }

    /// The public part of this key, armoured.
    pub(crate) fn public(&mut self, key: &Fingerprint) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        self.gpg.set_armor(true);
        self.gpg
            .export([key.as_str()], ExportMode::empty(), &mut bytes)
            .map_err(|e| Failure::gpg("export the key", e))?;
        if bytes.is_empty() {
            return Err(Failure::Data(format!(
                "there is no key {} in the companion's keyring",
                key.as_str()
            )));
        }
        Ok(bytes)
    }

    /// Makes a key that can sign and certify, with this passphrase or none; its fingerprint.
    pub(crate) fn make(
        &mut self,
        user_id: &str,
        algorithm: &str,
        lasts: Option<Duration>,
        passphrase: Option<Secret>,
    ) -> Result<Fingerprint, Failure> {
        let mut flags = CreateKeyFlags::SIGN | CreateKeyFlags::CERT | CreateKeyFlags::FORCE;
        flags.set(CreateKeyFlags::NOEXPIRE, lasts.is_none());
        flags.set(CreateKeyFlags::NOPASSWD, passphrase.is_none());
        let lasts = lasts.unwrap_or_default();
        self.with(passphrase, |gpg| gpg.create_key_with_flags(user_id, algorithm, lasts, flags))
    }

    /// Makes a key to encrypt to, which signs nothing but itself, with this passphrase or none; its fingerprint.
    pub(crate) fn make_for_a_store(
        &mut self,
        user_id: &str,
        passphrase: Option<Secret>,
    ) -> Result<Fingerprint, Failure> {
        let mut flags = CreateKeyFlags::FORCE | CreateKeyFlags::NOEXPIRE;
        flags.set(CreateKeyFlags::NOPASSWD, passphrase.is_none());
        let never = Duration::default();
        self.with(passphrase, |gpg| {
            let made = gpg.create_key_with_flags(user_id, "ed25519", never, flags | CreateKeyFlags::CERT)?;
            let key = gpg.get_key(made.fingerprint_raw().ok_or(gpgme::Error::NO_PUBKEY)?)?;
            gpg.create_subkey_with_flags(&key, "cv25519", never, flags | CreateKeyFlags::ENCR)?;
            Ok(made)
        })
    }

    /// Has gpg make something under this passphrase, or none; the fingerprint of what it made.
    fn with(
        &mut self,
        passphrase: Option<Secret>,
        make: impl FnOnce(&mut Context) -> gpgme::Result<KeyGenerationResult>,
    ) -> Result<Fingerprint, Failure> {
        let failed = |e| Failure::gpg("make the key", e);
        let made = match passphrase {
            None => make(&mut self.gpg).map_err(failed)?,
            Some(passphrase) => {
                self.gpg.set_pinentry_mode(PinentryMode::Loopback).map_err(failed)?;
                let tell = move |_: PassphraseRequest<'_>, to: &mut dyn Write| -> gpgme::Result<()> {
                    to.write_all(passphrase.expose())?;
                    Ok(())
                };
                self.gpg.with_passphrase_provider(tell, make).map_err(failed)?
            }
        };
        let print = made.fingerprint().ok().and_then(|print| Fingerprint::parse(print).ok());
        print.ok_or_else(|| Failure::Unavailable("gpg did not say which key it made".into()))
    }
}

fn described(key: &gpgme::Key) -> Option<Described> {
    let fingerprint = key.fingerprint().ok().and_then(|print| Fingerprint::parse(print).ok())?;
    let user_id = key.user_ids().find(|id| !id.is_bad()).and_then(|id| id.id_raw());
    let user_id = user_id.map(|id| String::from_utf8_lossy(id.to_bytes()).into_owned()).unwrap_or_default();
    let unfit = if key.is_revoked() {
        Some("revoked")
    } else if key.is_expired() {
        Some("expired")
    } else if key.is_bad() {
        Some("disabled or damaged")
    } else if !key.can_sign() {
        Some("not for signing")
    } else {
        None
    };
    Some(Described {
        fingerprint,
        user_id: Printable::clipped(&user_id, LONGEST),
        secret: key.has_secret(),
        encrypts: key.can_encrypt() && !key.is_bad(),
        on_card: key.subkeys().any(|part| part.is_card_key()),
        unfit,
    })
}
