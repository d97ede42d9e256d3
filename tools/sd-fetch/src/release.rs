//! Orders after a yes, for an item that is there: hand out its secret, or delete it. Only if it is what was shown.

use sd_sys::secret::Secret;
use sd_wire::bounded::Text;
use sd_wire::digest::Digest;
use sd_wire::fault::Fault;
use sd_wire::path::ItemPath;
use zbus::zvariant::OwnedObjectPath;

use crate::backend::Backend;
use crate::session::{Session, Wrapped};

const ITEM: &str = "org.freedesktop.Secret.Item";

/// The item's secret and its content type.
pub(crate) async fn secret(
    backend: &Backend,
    item: &ItemPath,
    shown: &Digest,
) -> Result<(Secret, Text<256>), Fault> {
    let (secret, content_type) = read(backend, backend.session().await?, item).await?;
    // Looked at behind the read, and not at the same time: not every backend answers in the order in which it is asked
    // (zbus's own servers do not). Whatever was changed since it was shown shows, for each change is a later one.
    unchanged(backend, item, shown).await?;
    Ok((secret, content_type))
}

/// The item's secret and its content type, whatever the item is.
pub(crate) async fn read(
    backend: &Backend,
    session: &Session,
    item: &ItemPath,
) -> Result<(Secret, Text<256>), Fault> {
    let wrapped: (Wrapped,) = backend.call(item.as_str(), ITEM, "GetSecret", &(session.path(),)).await?;
    let content_type = Text::clipped(&wrapped.0.3);
    Ok((session.unwrap(wrapped.0)?, content_type))
}

/// Deletes the item.
pub(crate) async fn delete(backend: &Backend, item: &ItemPath, shown: &Digest) -> Result<(), Fault> {
    unchanged(backend, item, shown).await?;
    let prompt: OwnedObjectPath = backend.call(item.as_str(), ITEM, "Delete", &()).await?;
    without_prompt(&prompt)
}

/// Fails unless the item is still what was shown.
pub(crate) async fn unchanged(backend: &Backend, item: &ItemPath, shown: &Digest) -> Result<(), Fault> {
    // The digest leaves out the collection's label.
    if backend.describe_in(item, Text::default()).await?.digest() == *shown {
        Ok(())
    } else {
        Err(Fault::Changed)
    }
}

/// A backend that wants to prompt has a locked store: its prompt would have nobody to answer it.
pub(crate) fn without_prompt(prompt: &OwnedObjectPath) -> Result<(), Fault> {
    if prompt.as_str() == "/" { Ok(()) } else { Err(Fault::Locked) }
}
