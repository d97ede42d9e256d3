//! The session with the backend: how secrets are wrapped on the companion's bus.
//!
//! Encrypted where the backend offers it, else plain. The key exchange and the encryption are oo7's. Decryption is
//! done with the same ciphers straight into locked memory, because a decrypting function that returns a vector leaves
//! the secret in freed memory.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut, KeyIvInit};
use oo7::Key;
use oo7::dbus::api;
use sd_sys::secret::Secret;
use sd_wire::fault::Fault;
use sd_wire::outcome::MAX_SECRET;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};
use zeroize::Zeroize;

use crate::refusal;

/// A secret as it is on the bus: session, parameters, value, content type (Secret Service, part II, "Secret").
pub(crate) type Wrapped = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// The bytes of an AES block, and so of the initialisation vector.
const BLOCK: usize = 16;

pub(crate) struct Session {
    path: OwnedObjectPath,
    key: Option<Key>,
}

impl Session {
    /// Opens a session: encrypted if the backend can, else plain.
    pub(crate) async fn open(service: &api::Service) -> Result<Self, Fault> {
        match Self::encrypted(service).await {
            Ok(session) => Ok(session),
            Err(Fault::Refused) => {
                let (_, session) = service.open_session(None).await.map_err(|e| refusal::of_oo7(&e))?;
                Ok(Self { path: session.inner().path().to_owned().into(), key: None })
            }
            Err(why) => Err(why),
        }
    }

    async fn encrypted(service: &api::Service) -> Result<Self, Fault> {
        let private = Key::generate_private_key().map_err(|_| Fault::Refused)?;
        let public = Key::generate_public_key(&private).map_err(|_| Fault::Refused)?;
        let (theirs, session) = service.open_session(Some(public)).await.map_err(|e| refusal::of_oo7(&e))?;
        let theirs = theirs.filter(|k| !k.as_ref().is_empty() && k.as_ref().len() <= 128);
        let theirs = theirs.ok_or(Fault::Malformed)?;
        let key = Key::generate_aes_key(&private, &theirs).map_err(|_| Fault::Malformed)?;
        Ok(Self { path: session.inner().path().to_owned().into(), key: Some(key) })
    }

    pub(crate) fn path(&self) -> ObjectPath<'_> {
        self.path.as_ref()
    }

    /// The secret in locked memory; the wrapped one is wiped.
    pub(crate) fn unwrap(&self, wrapped: Wrapped) -> Result<Secret, Fault> {
        let (_, iv, mut value, _) = wrapped;
        let most = usize::try_from(MAX_SECRET).map_err(|_| Fault::TooLarge)? + BLOCK;
        if value.len() > most {
            value.zeroize();
            return Err(Fault::TooLarge);
        }
        let secret = match &self.key {
            None => Secret::fill(value.len(), |room| {
                room.copy_from_slice(&value);
                Some(room.len())
            }),
            Some(key) => Secret::fill(value.len(), |room| {
                let cipher = cbc::Decryptor::<aes::Aes128>::new_from_slices(key.as_ref(), &iv).ok()?;
                Some(cipher.decrypt_padded_b2b_mut::<Pkcs7>(&value, room).ok()?.len())
            }),
        };
        value.zeroize();
        secret.map_err(|_| Fault::Unavailable)?.ok_or(Fault::Malformed)
    }

    /// The secret as it goes over the bus.
    pub(crate) fn wrap(&self, secret: &Secret, content_type: &str) -> Result<Wrapped, Fault> {
        let (iv, value) = match &self.key {
            None => (Vec::new(), secret.expose().to_vec()),
            Some(key) => {
                let iv = oo7::crypto::generate_iv().map_err(|_| Fault::Unavailable)?;
                let value = oo7::crypto::encrypt(secret.expose(), key, &iv).map_err(|_| Fault::Refused)?;
                (iv, value)
            }
        };
        Ok((self.path.clone(), iv, value, content_type.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(key: Option<[u8; 16]>) -> Session {
        let path = ObjectPath::try_from("/org/freedesktop/secrets/session/s1").unwrap();
        Session { path: path.into(), key: key.map(|k| Key::new(k.to_vec())) }
    }

    fn secret(bytes: &[u8]) -> Secret {
        let mut secret = Secret::with_capacity(bytes.len()).unwrap();
        secret.push(bytes).unwrap();
        secret
    }

    #[test]
    fn what_is_wrapped_is_not_the_secret_and_unwraps_to_it() {
        let session = session(Some([7; 16]));
        for text in [&b"hunter2"[..], b"", &[0xff; 16], &[b'x'; 100_000]] {
            let wrapped = session.wrap(&secret(text), "text/plain").unwrap();
            assert_ne!(wrapped.2, text);
            assert_eq!(session.unwrap(wrapped).unwrap().expose(), text);
        }
    }

    #[test]
    fn a_plain_session_carries_the_bytes_as_they_are() {
        let session = session(None);
        let wrapped = session.wrap(&secret(b"hunter2"), "text/plain").unwrap();
        assert_eq!(wrapped.2, b"hunter2");
        assert_eq!(session.unwrap(wrapped).unwrap().expose(), b"hunter2");
    }

    #[test]
    fn garbage_from_the_backend_is_malformed_not_a_crash() {
        let session = session(Some([7; 16]));
        for (iv, value) in [
            (vec![], vec![1; 16]),
            (vec![1; 16], vec![1; 15]),
            (vec![1; 16], vec![]),
            (vec![1; 300], vec![9; 32]),
        ] {
            let wrapped = (session.path.clone(), iv, value, String::new());
            assert_eq!(session.unwrap(wrapped).unwrap_err(), Fault::Malformed);
        }
    }

    #[test]
    fn a_secret_over_the_bound_is_refused() {
        let session = session(None);
        let wrapped = (session.path.clone(), vec![], vec![1; 2 * 1024 * 1024], String::new());
        assert_eq!(session.unwrap(wrapped).unwrap_err(), Fault::TooLarge);
    }
}
