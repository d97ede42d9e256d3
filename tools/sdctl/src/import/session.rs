//! The session with the source: how its secrets come over its bus. Encrypted where it can.

use sd_cipher::{Cipher, DH, PLAIN, Pair};
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
        let pair = Pair::new().map_err(|_| wrong())?;
        let (theirs, path): (OwnedValue, OwnedObjectPath) = source
            .call(SERVICE, "Service", "OpenSession", &(DH, Value::from(pair.public().to_vec())))
            .await?;
        let theirs = Vec::<u8>::try_from(theirs).map_err(|_| wrong())?;
        let cipher = pair.agrees(&theirs).map_err(|_| wrong())?;
        Ok(Self { path, cipher })
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
