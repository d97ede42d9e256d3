//! Orders after a yes, for an item that is there: hand out its secret, or delete it. Only if it is what was shown.

use sd_sys::secret::Secret;
use sd_wire::bounded::Text;
use sd_wire::digest::Digest;
use sd_wire::fault::Fault;
use sd_wire::path::ItemPath;
use smol::future::zip;
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
    let (unchanged_before, session) = zip(unchanged(backend, item, shown), backend.session()).await;
    unchanged_before?;
    // One after the other: not every backend answers in the order in which it is asked (zbus's own servers do not).
    let (secret, content_type) = read(backend, session?, item).await?;
    // Looked at again behind the read: what was read is what was shown, not what somebody put there in between.
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
    if backend.describe(item).await?.digest() == *shown { Ok(()) } else { Err(Fault::Changed) }
}

/// A backend that wants to prompt has a locked store: its prompt would have nobody to answer it.
pub(crate) fn without_prompt(prompt: &OwnedObjectPath) -> Result<(), Fault> {
    if prompt.as_str() == "/" { Ok(()) } else { Err(Fault::Locked) }
}
