//! Another secret for an item that is there. Only if it is what was shown.

use sd_sys::secret::Secret;
use sd_wire::bounded::Text;
use sd_wire::digest::Digest;
use sd_wire::fault::Fault;
use sd_wire::path::ItemPath;

use crate::backend::Backend;
use crate::release::unchanged;
use crate::session::{Session, Wrapped};

/// The content types that every backend takes, for text and for anything else.
const TEXT: &str = "text/plain";
const BYTES: &str = "application/octet-stream";

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
    let session = backend.session().await?;
    unchanged(backend, item, shown).await?;
    typed(session, secret, content_type, |wrapped| async move {
        backend.call(item.as_str(), "org.freedesktop.Secret.Item", "SetSecret", &(wrapped,)).await
    })
    .await
}

/// Hands a secret over, and if the backend refuses it, once more with one of the two types that every backend takes:
/// oo7-daemon refuses all others (0.7, `ContentType`), and a secret that lost its type is better than none.
pub(crate) async fn typed<T, F>(
    session: &Session,
    secret: &Secret,
    content_type: &Text<256>,
    hand_over: impl Fn(Wrapped) -> F,
) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let plain = if std::str::from_utf8(secret.expose()).is_ok() { TEXT } else { BYTES };
    match hand_over(session.wrap(secret, content_type)?).await {
        Err(Fault::Refused) if content_type.as_str() != plain => {
            let ended = hand_over(session.wrap(secret, plain)?).await;
            if ended.is_ok() {
                sd_journal::warning(format!("the backend keeps a secret as {plain}, not as it was called"));
            }
            ended
        }
        ended => ended,
    }
}
