//! The session with the backend: how secrets are wrapped on the companion's bus. Encrypted where the backend offers
//! it, else plain.

use oo7::Key;
use oo7::dbus::api;
use sd_cipher::{Cipher, Pair};
use sd_sys::secret::Secret;
use sd_wire::fault::Fault;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};
use zeroize::Zeroize;

use crate::refusal;

/// A secret as it is on the bus: session, parameters, value, content type (Secret Service, part II, "Secret").
pub(crate) type Wrapped = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(crate) struct Session {
    path: OwnedObjectPath,
    cipher: Cipher,
}

impl Session {
    /// Opens a session: encrypted if the backend can, else plain.
    pub(crate) async fn open(service: &api::Service) -> Result<Self, Fault> {
        match Self::encrypted(service).await {
            Ok(session) => Ok(session),
            Err(Fault::Refused) => {
                let (_, session) = service.open_session(None).await.map_err(|e| refusal::of_oo7(&e))?;
                Ok(Self { path: session.inner().path().to_owned().into(), cipher: Cipher::Plain })
            }
            Err(why) => Err(why),
        }
    }

    async fn encrypted(service: &api::Service) -> Result<Self, Fault> {
        let pair = Pair::new().map_err(|_| Fault::Refused)?;
        let public = Key::new(pair.public().to_vec());
        let (theirs, session) = service.open_session(Some(public)).await.map_err(|e| refusal::of_oo7(&e))?;
        let cipher = pair.agrees(theirs.ok_or(Fault::Malformed)?.as_ref()).map_err(|_| Fault::Malformed)?;
        Ok(Self { path: session.inner().path().to_owned().into(), cipher })
    }

    /// Whether the bus daemon sees no secret of this session.
    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self.cipher, Cipher::Dh(_))
    }

    pub(crate) fn path(&self) -> ObjectPath<'_> {
        self.path.as_ref()
    }

    /// The secret in locked memory; the wrapped one is wiped.
    pub(crate) fn unwrap(&self, wrapped: Wrapped) -> Result<Secret, Fault> {
        let (_, iv, mut value, _) = wrapped;
        let secret = self.cipher.open(&iv, &value);
        value.zeroize();
        secret.map_err(fault)
    }

    /// The secret as it goes over the bus.
    pub(crate) fn wrap(&self, secret: &Secret, content_type: &str) -> Result<Wrapped, Fault> {
        let (iv, value) = self.cipher.seal(secret).map_err(fault)?;
        Ok((self.path.clone(), iv, value.to_vec(), content_type.to_owned()))
    }
}

fn fault(e: sd_cipher::Fault) -> Fault {
    match e {
        sd_cipher::Fault::NotAsAgreed | sd_cipher::Fault::WrongKey => Fault::Malformed,
        sd_cipher::Fault::TooLong => Fault::TooLarge,
        sd_cipher::Fault::NoMemory => Fault::Unavailable,
    }
}
