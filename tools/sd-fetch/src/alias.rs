//! Aliases: names that point to a collection.

use sd_wire::description::CollectionShown;
use sd_wire::fault::Fault;
use sd_wire::path::CollectionPath;
use zbus::zvariant::OwnedObjectPath;

use crate::backend::Backend;
use crate::change::kept;
use crate::{find, listing};

/// The collection that an alias points to, as the screen will show it; none for an empty name.
pub(crate) async fn shown(backend: &Backend, name: &str) -> Result<Option<CollectionShown>, Fault> {
    if name.is_empty() {
        return Ok(None);
    }
    match backend.alias(name).await? {
        Some(path) => listing::shown(backend, &path).await.map(Some),
        None => Ok(None),
    }
}

/// Points an alias to a collection, or nowhere any more.
///
/// # Errors
/// [`Fault::Refused`] also when the backend keeps only some names, as gnome-keyring keeps `default` alone.
pub(crate) async fn point(backend: &Backend, name: &str, to: Option<&CollectionPath>) -> Result<(), Fault> {
    let object = match to {
        Some(path) => find::object(path)?,
        None => OwnedObjectPath::try_from("/").map_err(|_| Fault::Malformed)?,
    };
    let () = backend.service("SetAlias", &(name, object)).await?;
    // Looked at as anybody else sees it: gnome-keyring, told to point `default` nowhere, says so to whoever told it and
    // goes back to `login` for the next one who asks.
    let now = Backend::connect().await?.alias(name).await?;
    kept(now.as_ref() == to, "an alias")
}
