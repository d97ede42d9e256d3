//! How secrets travel over the session bus (specification, "Transfer of Secrets").

use oo7::Key;
use sd_sys::secret::Secret;
use sd_wire::outcome::MAX_SECRET;
use zbus::zvariant::{OwnedValue, Value};
use zeroize::Zeroizing;

use crate::refusal::Refusal;

/// The algorithms, as the specification names them.
const PLAIN: &str = "plain";
const DH: &str = "dh-ietf1024-sha256-aes128-cbc-pkcs7";

/// The bytes of a public key of the 1024-bit group. Exactly so many, or some clients fail now and then (KDE 514194).
const PUBLIC_KEY: usize = 128;
/// AES's block, which is also the length of the initialisation vector.
const BLOCK: usize = 16;

/// What a session has agreed on.
#[derive(Debug)]
pub(crate) enum Cipher {
    /// Nothing: the bus daemon sees the secrets.
    Plain,
    /// AES-128-CBC with a key by Diffie and Hellman.
    Dh(Key),
}

/// A secret as it goes over the bus: parameters and value.
pub(crate) type Sealed = (Vec<u8>, Zeroizing<Vec<u8>>);

impl Cipher {
    /// Agrees on a key. Returns also what the caller needs for the same: our public key, or an empty text.
    pub(crate) fn agree(algorithm: &str, input: &OwnedValue) -> Result<(Self, Value<'static>), Refusal> {
        match algorithm {
            PLAIN => Ok((Self::Plain, Value::from(""))),
            DH => {
                let theirs: Vec<u8> = input
                    .try_clone()
                    .ok()
                    .and_then(|input| Vec::try_from(input).ok())
                    .ok_or_else(|| Refusal::invalid_args("the public key is not an array of bytes"))?;
                if theirs.is_empty() || theirs.len() > PUBLIC_KEY {
                    return Err(Refusal::invalid_args("the public key is not 1 to 128 bytes long"));
                }
                let failed =
                    |e: oo7::crypto::Error| Refusal::failed(format!("no session key could be made: {e}"));
                let private = Key::generate_private_key().map_err(failed)?;
                let public = Key::generate_public_key(&private).map_err(failed)?;
                let agreed = Key::generate_aes_key(&private, &Key::new(theirs)).map_err(failed)?;
                Ok((Self::Dh(agreed), Value::from(padded(public.as_ref()))))
            }
            other => Err(Refusal::not_supported(format!("the algorithm {other} is not supported"))),
        }
    }

    /// The secret as this session's other end can open it.
    pub(crate) fn seal(&self, secret: &Secret) -> Result<Sealed, Refusal> {
        let failed =
            |e: oo7::crypto::Error| Refusal::failed(format!("the secret could not be encrypted: {e}"));
        match self {
            Self::Plain => Ok((Vec::new(), Zeroizing::new(secret.expose().to_vec()))),
            Self::Dh(key) => {
                let iv = oo7::crypto::generate_iv().map_err(failed)?;
                let value = oo7::crypto::encrypt(secret.expose(), key, &iv).map_err(failed)?;
                Ok((iv, Zeroizing::new(value)))
            }
        }
    }

    /// The secret that this session's other end sent.
    pub(crate) fn open(&self, parameters: &[u8], value: &[u8]) -> Result<Secret, Refusal> {
        let plain = match self {
            Self::Plain => None,
            Self::Dh(key) => {
                // oo7 takes any other length for a fault of its own.
                if parameters.len() != BLOCK || value.is_empty() || !value.len().is_multiple_of(BLOCK) {
                    return Err(Refusal::invalid_args("the secret is not encrypted as its session agreed"));
                }
                let wrong = |_| Refusal::invalid_args("the secret is not encrypted with its session's key");
                Some(oo7::crypto::decrypt(value, key, parameters).map_err(wrong)?)
            }
        };
        let bytes = plain.as_ref().map_or(value, |plain| plain.as_slice());
        let failed = |e: &dyn std::fmt::Display| Refusal::failed(format!("no memory for the secret: {e}"));
        let mut secret = Secret::with_capacity(bytes.len()).map_err(|e| failed(&e))?;
        secret.push(bytes).map_err(|e| failed(&e))?;
        Ok(secret)
    }
}

/// Whether a value this long can hold a secret that is not too long, whatever the session agreed on.
pub(crate) fn fits(value: &[u8]) -> Result<(), Refusal> {
    let most = usize::try_from(MAX_SECRET).unwrap_or(usize::MAX);
    if value.len() > most.saturating_add(BLOCK) {
        return Err(Refusal::limits_exceeded(format!("a secret has at most {most} bytes")));
    }
    Ok(())
}

fn padded(number: &[u8]) -> Vec<u8> {
    let mut padded = vec![0; PUBLIC_KEY.saturating_sub(number.len())];
    padded.extend_from_slice(number);
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(bytes: &[u8]) -> Secret {
        let mut secret = Secret::with_capacity(bytes.len()).unwrap();
        secret.push(bytes).unwrap();
        secret
    }

    fn owned(value: Value<'_>) -> OwnedValue {
        value.try_into_owned().unwrap()
    }

    /// A session, and the key that oo7 as its client arrives at.
    fn dh() -> (Cipher, Key) {
        let private = Key::generate_private_key().unwrap();
        let public = Key::generate_public_key(&private).unwrap();
        let (cipher, ours) = Cipher::agree(DH, &owned(Value::from(public.as_ref().to_vec()))).unwrap();
        let ours: Vec<u8> = ours.try_into().unwrap();
        assert_eq!(ours.len(), PUBLIC_KEY);
        (cipher, Key::generate_aes_key(&private, &Key::new(ours)).unwrap())
    }

    #[test]
    fn what_one_end_seals_the_other_opens() {
        let (cipher, clients) = dh();
        let (iv, value) = cipher.seal(&secret(b"hunter2")).unwrap();
        assert_eq!(oo7::crypto::decrypt(&value, &clients, &iv).unwrap().as_slice(), b"hunter2");

        let iv = oo7::crypto::generate_iv().unwrap();
        let value = oo7::crypto::encrypt(b"hunter2", &clients, &iv).unwrap();
        assert_eq!(cipher.open(&iv, &value).unwrap().expose(), b"hunter2");
    }

    #[test]
    fn an_empty_secret_survives() {
        let (cipher, clients) = dh();
        let (iv, value) = cipher.seal(&secret(b"")).unwrap();
        assert_eq!(oo7::crypto::decrypt(&value, &clients, &iv).unwrap().as_slice(), b"");
        assert!(Cipher::Plain.open(&[], &[]).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_sealed_as_agreed_is_refused() {
        let (cipher, _) = dh();
        for (parameters, value) in
            [(&[0; 15][..], &[0; 16][..]), (&[0; 16], &[0; 15]), (&[0; 16], &[]), (&[], &[0; 16])]
        {
            let refusal = cipher.open(parameters, value).unwrap_err();
            assert_eq!(refusal.name, "org.freedesktop.DBus.Error.InvalidArgs");
        }
    }

    #[test]
    fn hostile_public_keys_break_nothing() {
        for key in [vec![0u8], vec![0; 128], vec![1], vec![0xff; 128]] {
            let (cipher, _) = Cipher::agree(DH, &owned(Value::from(key))).unwrap();
            cipher.seal(&secret(b"x")).unwrap();
        }
        for value in [Value::from(vec![0u8; 129]), Value::from(Vec::<u8>::new()), Value::from("text")] {
            assert!(Cipher::agree(DH, &owned(value)).is_err());
        }
    }

    #[test]
    fn an_unknown_algorithm_has_the_error_that_libsecret_falls_back_on() {
        let refusal = Cipher::agree("dh-something-else", &owned(Value::from(""))).unwrap_err();
        assert_eq!(refusal.name, "org.freedesktop.DBus.Error.NotSupported");
    }
}
