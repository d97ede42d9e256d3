//! Changes of what is no secret: labels, attributes, aliases, collections.
//!
//! Where the specification gives a method no prompt, the call itself waits for the person, but not for long.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_io::Timer;
use sd_client::{Failure, screen};
use sd_wire::bounded::Text;
use sd_wire::change::Change;
use sd_wire::description::{Description, MAX_LABEL};
use sd_wire::path::{CollectionPath, ItemPath};
use std::sync::Arc;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::Value;

use crate::caller::Caller;
use crate::desk::{Desk, Seen};
use crate::dispatch::Turn;
use crate::opened::{self, About};
use crate::refusal::Refusal;
use crate::{news, store};

/// How long a call without a prompt waits for the person: below the 25 s after which GDBus gives a call up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Has a change made for a method that has no prompt. When the person takes longer than the call may, the ask stays
/// open, and the same call succeeds once the change is made.
pub(crate) async fn held(turn: &Turn<'_>, change: Change) -> Result<(), Refusal> {
    let deadline = Instant::now() + turn.patience;
    let was_done = |seat: &mut crate::desk::Seat| seat.opened.was_done(&change, Instant::now());
    if turn.desk.seat(&turn.call.sender, was_done) == Some(true) {
        return Ok(());
    }
    let ended = opened::open(turn, About::Change(change.clone()))?;
    let late = async {
        Timer::at(deadline).await;
        Err(waits())
    };
    smol::future::or(ended.how(), late).await?;
    // It has been told now.
    turn.desk.seat(&turn.call.sender, was_done);
    Ok(())
}

/// What a call is told that has waited long enough.
pub(crate) fn waits() -> Refusal {
    Refusal::is_locked(format!(
        "this change needs your approval: press {}, answer there ({}), and try again",
        screen::key(),
        screen::name()
    ))
}

/// Asks for a change, waits as long as it takes, and tells those whom it concerns. Returns the path of a collection that
/// was made.
pub(crate) async fn make(
    desk: &Desk,
    caller: &Caller,
    sender: &OwnedUniqueName,
    change: &Change,
) -> Result<Option<CollectionPath>, Failure> {
    let claims = caller.claims();
    match change {
        Change::ItemLabel { item, .. } | Change::ItemAttributes { item, .. } => {
            store::open_for_items(desk, std::slice::from_ref(item), &claims).await?;
        }
        Change::CollectionLabel { collection, .. } | Change::DeleteCollection { collection } => {
            store::open_for_collection(desk, collection, &claims).await?;
        }
        Change::Alias { .. } | Change::CreateCollection { .. } => {}
    }
    let made = desk.asks.change(change, &claims).await?;
    // Before anybody can see it: an earlier change of the same is no longer done from here on.
    desk.seat(sender, |seat| seat.opened.note(change, Instant::now()));
    match change {
        Change::ItemLabel { item, label } => {
            own_words(desk, caller, sender, item, |seen| seen.label = label.as_str().to_owned());
            news::item_property(desk, &caller.app, item, "Label", Value::from(label.as_str()));
            news::item_changed(desk, &caller.app, item);
        }
        Change::ItemAttributes { item, attributes } => {
            own_words(desk, caller, sender, item, |seen| seen.attributes = attributes.clone());
            let strings: std::collections::HashMap<&str, &str> =
                attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            news::item_property(desk, &caller.app, item, "Attributes", Value::from(strings));
            news::item_changed(desk, &caller.app, item);
        }
        Change::CollectionLabel { collection, label } => news::collection_label(desk, collection, label),
        Change::CreateCollection { alias, .. } => {
            if let Some(path) = &made {
                if !alias.as_str().is_empty() {
                    desk.aliases.point(alias.as_str(), Some(path));
                }
                news::collection_made(desk, &claims, path).await;
            }
        }
        Change::DeleteCollection { collection } => {
            desk.collection_gone(collection);
            news::collection_gone(desk, &claims, collection).await;
        }
        Change::Alias { name, collection } => desk.aliases.point(name.as_str(), collection.as_ref()),
    }
    Ok(made)
}

/// The application has itself said something new of an item, so that it may be told it again.
fn own_words(
    desk: &Desk,
    caller: &Caller,
    sender: &OwnedUniqueName,
    item: &ItemPath,
    say: impl FnOnce(&mut Seen),
) {
    let mut seen = match desk.told().of(&caller.app, item) {
        Some(told) => Seen {
            label: told.label.as_str().to_owned(),
            attributes: told.attributes.clone(),
            created: told.created,
            modified: told.modified,
        },
        None => Seen::clone(&desk.seen(sender, item)),
    };
    say(&mut seen);
    seen.modified = now();
    let told = desk.told().of(&caller.app, item);
    if let Some(told) = told {
        let label = Text::<MAX_LABEL>::clipped(&seen.label);
        let (attributes, modified) = (seen.attributes.clone(), seen.modified);
        let is = Description { label, attributes, modified, ..Description::clone(&told) };
        desk.told().made(&caller.app, is);
    }
    desk.seat(sender, |seat| seat.saw(item.clone(), Arc::new(seen)));
}

/// The time, in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Whether two changes are of the same thing: the later one undoes the earlier.
pub(crate) fn of_the_same(one: &Change, other: &Change) -> bool {
    match (one, other) {
        (Change::ItemLabel { item: one, .. }, Change::ItemLabel { item: other, .. })
        | (Change::ItemAttributes { item: one, .. }, Change::ItemAttributes { item: other, .. }) => {
            one == other
        }
        (
            Change::CollectionLabel { collection: one, .. },
            Change::CollectionLabel { collection: other, .. },
        ) => one == other,
        (Change::Alias { name: one, .. }, Change::Alias { name: other, .. }) => one == other,
        _ => one == other,
    }
}
