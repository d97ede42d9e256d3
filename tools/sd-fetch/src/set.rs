//! Another secret for an item that is there. Only if it is what was shown.

use sd_sys::secret::Secret;
use sd_wire::bounded::Text;
use sd_wire::digest::Digest;
use sd_wire::fault::Fault;
use sd_wire::path::ItemPath;

use crate::backend::Backend;
use crate::release::unchanged;

/// Fails unless the item is still what was shown, and open. Called before the secret is invited.
pub(crate) async fn ready(backend: &Backend, item: &ItemPath, shown: &Digest) -> Result<(), Fault> {
    let description = backend.describe(item).await?;
    match (description.digest() == *shown, description.locked) {
        (false, _) => Err(Fault::Changed),
        (true, true) => Err(Fault::Locked),
        (true, false) => Ok(()),
    }
}

/// Puts the secret into the item. Looked at anew: sending the secret may have taken the requester a while.
pub(crate) async fn secret(
    backend: &Backend,
    item: &ItemPath,
    shown: &Digest,
    secret: &Secret,
    content_type: &Text<256>,
) -> Result<(), Fault> {
    let wrapped = backend.session().await?.wrap(secret, content_type)?;
    unchanged(backend, item, shown).await?;
    backend.call(item.as_str(), "org.freedesktop.Secret.Item", "SetSecret", &(wrapped,)).await
}
