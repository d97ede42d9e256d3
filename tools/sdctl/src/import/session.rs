//! The session with the source: how its secrets come over its bus. Encrypted where it can.

use oo7::Key;
use sd_cipher::{Cipher, DH, PLAIN, PUBLIC_KEY, padded};
use sd_sys::secret::Secret;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zeroize::Zeroize;

use crate::import::Why;
use crate::import::source::{ITEM, SERVICE, Source};

/// A secret as it is on the bus: session, parameters, value, content type (Secret Service, "Secret").
type Wrapped = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// What was agreed on.
#[derive(Debug)]
pub(super) struct Session {
    path: OwnedObjectPath,
    cipher: Cipher,
}

impl Session {
    /// Opens one; without encryption where the source has none.
    pub(super) async fn open(source: &Source) -> Result<Self, Why> {
        match Self::encrypted(source).await {
            Ok(session) => Ok(session),
            Err(_) => {
                let (_, path): (OwnedValue, OwnedObjectPath) =
                    source.call(SERVICE, "Service", "OpenSession", &(PLAIN, Value::from(""))).await?;
                Ok(Self { path, cipher: Cipher::Plain })
            }
        }
    }

    async fn encrypted(source: &Source) -> Result<Self, Why> {
        let wrong = || Why::Source("it agreed on no key".into());
        let private = Key::generate_private_key().map_err(|_| wrong())?;
        let public = Key::generate_public_key(&private).map_err(|_| wrong())?;
        let (theirs, path): (OwnedValue, OwnedObjectPath) =
            source.call(SERVICE, "Service", "OpenSession", &(DH, Value::from(padded(&public)))).await?;
        let theirs = Vec::<u8>::try_from(theirs).map_err(|_| wrong())?;
        if !(1..=PUBLIC_KEY).contains(&theirs.len()) {
            return Err(wrong());
        }
        let key = Key::generate_aes_key(&private, &Key::new(theirs)).map_err(|_| wrong())?;
        Ok(Self { path, cipher: Cipher::Dh(key) })
    }

    /// An item's secret, in locked memory, and its media type.
    pub(super) async fn secret(&self, source: &Source, item: &str) -> Result<(Secret, String), Why> {
        let (wrapped,): (Wrapped,) = source.call(item, ITEM, "GetSecret", &(&self.path,)).await?;
        let (_, parameters, mut value, content_type) = wrapped;
        let secret = self.cipher.open(&parameters, &value);
        value.zeroize();
        Ok((secret.map_err(|e| Why::Source(e.to_string()))?, content_type))
    }
}
