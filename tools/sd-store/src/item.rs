//! org.freedesktop.Secret.Item.

use std::collections::HashMap;

use zbus::Message;
use zbus::zvariant::{OwnedObjectPath, Value};

use crate::collection::{self, fit_type};
use crate::desk::Desk;
use crate::dispatch::{Turn, nothing, object, tell};
use crate::refusal::Refusal;
use crate::session::{self, Wrapped};
use crate::{place, properties};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Item";

pub(crate) async fn answer(turn: &Turn<'_>, within: &str, element: &str) -> Result<Message, Refusal> {
    let (collection, it) = (within.to_owned(), element.to_owned());
    match turn.call.member.as_str() {
        "Delete" => {
            turn.desk.ask(move |store| store.delete(&collection, &it)).await?;
            let path = object(place::item(within, element))?;
            turn.tell(&place::collection(within), collection::INTERFACE, "ItemDeleted", &(path));
            turn.call.reply(&(nothing()?))
        }
        "GetSecret" => {
            let session: OwnedObjectPath = turn.call.arguments()?;
            let cipher = session::of(turn, &session)?;
            let (secret, kind) = turn.desk.ask(move |store| store.secret(&collection, &it)).await?;
            turn.call.reply(&(session::wrap(&cipher, &session, &secret, kind)?,))
        }
        "SetSecret" => {
            let wrapped: Wrapped = turn.call.arguments()?;
            let (secret, kind) = session::unwrap(turn, wrapped)?;
            let kind = fit_type(kind)?;
            turn.desk.ask(move |store| store.set_secret(&collection, &it, &secret, &kind)).await?;
            changed(turn.desk, within, element);
            turn.call.reply(&())
        }
        _ => turn.no_such_method(),
    }
}

/// Tells that an item has changed.
pub(crate) fn changed(desk: &Desk, within: &str, element: &str) {
    let path = place::item(within, element);
    if let Ok(object) = object(path.clone()) {
        tell(desk, &place::collection(within), collection::INTERFACE, "ItemChanged", &(object));
    }
    let (set, unset): (HashMap<&str, Value<'_>>, [&str; 3]) =
        (HashMap::new(), ["Label", "Attributes", "Modified"]);
    tell(desk, &path, properties::INTERFACE, "PropertiesChanged", &(INTERFACE, set, unset.as_slice()));
}
