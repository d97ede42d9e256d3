//! Passphrases instead of prompts, to unlock and to make a collection: an interface of gnome-keyring, and of oo7-daemon from 0.7 on, which
//! the Secret Service itself has nothing like. PAM modules and first-time setups use it, so it stays where it is.

use std::collections::HashMap;

use sd_sys::secret::Secret;
use sd_wire::fault::Fault;
use sd_wire::path::CollectionPath;
use zbus::zvariant::{OwnedObjectPath, Value};

use crate::backend::{Backend, SERVICE};
use crate::find;
use crate::session::Session;

const INTERFACE: &str = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface";
const UNLOCK: &str = "UnlockWithMasterPassword";
const CREATE: &str = "CreateWithMasterPassword";

/// Whether the backend unlocks by it. Found out before a person types anything.
pub(crate) async fn unlocks(backend: &Backend) -> Result<bool, Fault> {
    offers(backend, UNLOCK).await
}

/// Whether the backend makes collections by it.
pub(crate) async fn creates(backend: &Backend) -> Result<bool, Fault> {
    offers(backend, CREATE).await
}

async fn offers(backend: &Backend, member: &str) -> Result<bool, Fault> {
    let introspectable = "org.freedesktop.DBus.Introspectable";
    match backend.call::<_, String>(SERVICE, introspectable, "Introspect", &()).await {
        Ok(description) => Ok(description.contains(INTERFACE) && description.contains(member)),
        Err(Fault::NotFound | Fault::Refused) => Ok(false),
        Err(why) => Err(why),
    }
}

/// Unlocks a collection by its passphrase. The session is an encrypted one: see to that before anybody types.
///
/// # Errors
/// [`Fault::WrongPassphrase`]; [`Fault::Refused`] when the backend fails for a reason that it does not name, which
/// with oo7-daemon is a wrong passphrase, too.
pub(crate) async fn unlock(
    backend: &Backend,
    session: &Session,
    collection: &CollectionPath,
    passphrase: &Secret,
) -> Result<(), Fault> {
    let wrapped = session.wrap(passphrase, "text/plain")?;
    backend.call(SERVICE, INTERFACE, UNLOCK, &(find::object(collection)?, wrapped)).await
}

/// Makes a collection that this password will unlock, and gives its path. The session is an encrypted one.
pub(crate) async fn create(
    backend: &Backend,
    session: &Session,
    properties: &HashMap<&str, Value<'_>>,
    password: &Secret,
) -> Result<OwnedObjectPath, Fault> {
    let wrapped = session.wrap(password, "text/plain")?;
    backend.call(SERVICE, INTERFACE, CREATE, &(properties, wrapped)).await
}
