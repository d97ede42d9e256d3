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

/// The alias that everybody depends on.
const DEFAULT: &str = "default";

/// Points an alias to a collection, or nowhere any more.
///
/// # Errors
/// [`Fault::Refused`] also when the backend keeps only some names, as gnome-keyring keeps `default` alone, or one name a
/// collection, as oo7-daemon does, and the collection would lose the name `default` by it.
pub(crate) async fn point(backend: &Backend, name: &str, to: Option<&CollectionPath>) -> Result<(), Fault> {
    let default = backend.alias(DEFAULT).await?;
    let () = backend.service("SetAlias", &(name, target(to)?)).await?;
    // Looked at as anybody else sees it: gnome-keyring, told to point `default` nowhere, says so to whoever told it and
    // goes back to `login` for the next one who asks.
    let anew = Backend::connect().await?;
    if name != DEFAULT && anew.alias(DEFAULT).await? != default {
        let () = backend.service("SetAlias", &(DEFAULT, target(default.as_ref())?)).await?;
        return kept(false, "the alias of the default collection");
    }
    if let (Some(old), Some(_)) = (&default, to)
        && name == DEFAULT
        && anew.alias(name).await?.as_ref() != to
    {
        // oo7-daemon keeps a name for each collection, and says of several of one name whichever it comes upon: the one
        // that had this name gets its own for it.
        let own = old.as_str().rsplit('/').next().unwrap_or_default();
        let () = backend.service("SetAlias", &(own, find::object(old)?)).await?;
    }
    kept(anew.alias(name).await?.as_ref() == to, "an alias")
}

fn target(to: Option<&CollectionPath>) -> Result<OwnedObjectPath, Fault> {
    match to {
        Some(path) => find::object(path),
        None => OwnedObjectPath::try_from("/").map_err(|_| Fault::Malformed),
    }
}
