//! The agent's end of a session's key exchange (specification, "Transfer of Secrets").

use sd_cipher::{Cipher, NoAgreement};
use zbus::zvariant::{OwnedValue, Value};

use crate::refusal::Refusal;

/// Agrees on a key. Returns also what the caller needs for the same: our public key, or an empty text.
pub(crate) fn agree(algorithm: &str, input: &OwnedValue) -> Result<(Cipher, Value<'static>), Refusal> {
    let theirs = input.try_clone().ok().and_then(|input| Vec::try_from(input).ok());
    let (cipher, ours) = sd_cipher::agree(algorithm, theirs).map_err(|why| {
        let text = why.to_string();
        match why {
            NoAgreement::Unknown(_) => Refusal::not_supported(text),
            NoAgreement::NoKey | NoAgreement::WrongLength => Refusal::invalid_args(text),
            NoAgreement::Failed => Refusal::failed(text),
        }
    })?;
    Ok((cipher, ours.map_or_else(|| Value::from(""), Value::from)))
}

#[cfg(test)]
mod tests {
    use oo7::Key;
    use sd_cipher::{DH, PUBLIC_KEY};
    use sd_sys::secret::Secret;

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
        let (cipher, ours) = agree(DH, &owned(Value::from(public.as_ref().to_vec()))).unwrap();
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
    fn hostile_public_keys_break_nothing() {
        for key in [vec![0u8], vec![0; 128], vec![1], vec![0xff; 128]] {
            let (cipher, _) = agree(DH, &owned(Value::from(key))).unwrap();
            cipher.seal(&secret(b"x")).unwrap();
        }
        for value in [Value::from(vec![0u8; 129]), Value::from(Vec::<u8>::new()), Value::from("text")] {
            assert!(agree(DH, &owned(value)).is_err());
        }
    }

    #[test]
    fn an_unknown_algorithm_has_the_error_that_libsecret_falls_back_on() {
        let refusal = agree("dh-something-else", &owned(Value::from(""))).unwrap_err();
        assert_eq!(refusal.name, "org.freedesktop.DBus.Error.NotSupported");
    }
}
