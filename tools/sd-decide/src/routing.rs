//! THE table: which kind of want needs a key, who describes it for the screen, and what follows a yes.
//!
//! | want | key | described by | what follows |
//! |---|---|---|---|
//! | collections | no (promise 2) | nobody | the order itself |
//! | search | no (promise 2); `hidden`: yes | nobody | the order itself |
//! | read | yes, or a live grant | `sd-fetch` | `Read` with the digest shown |
//! | access | yes | `sd-fetch` | a grant; nothing is released |
//! | store | yes | `sd-fetch`, its target | `Store` into the collection shown |
//! | import | yes | `sd-fetch`, what is there already | `Import` with the digest shown |
//! | delete | yes | `sd-fetch` | `Delete` with the digest shown |
//! | sign | yes, or a live grant | `sd-sign`, the key; under a grant nobody | `Sign` by the fingerprint shown |
//! | list | yes; `open`: no | `sd-fetch`, how much it is | `List` of the collections shown |
//! | set | yes | `sd-fetch` | `SetSecret` with the digest shown |
//! | change | yes | `sd-fetch`, what is there before | `Change` with the digest shown |
//! | lock | no | nobody | key and store are locked |
//! | unlock | yes | nobody | key and store are unlocked |
//!
//! `open` and `hidden` are the setting `metadata` (`sd_wire::metadata`). Where it is `hidden`, also that an item which is
//! asked for by its path is not there is told after a yes only.
//!
//! A new kind of want is one arm in each of the functions below; the compiler asks for the first.

use std::time::Duration;

use sd_wire::ask::Want;
use sd_wire::bounded::{Attributes, List, Text};
use sd_wire::change::{Before, Change};
use sd_wire::description::{CollectionShown, Description, MAX_LABEL};
use sd_wire::digest::Digest;
use sd_wire::fault::Fault;
use sd_wire::fetch::{Hidden, Shown};
use sd_wire::id::AskId;
use sd_wire::import::Plan;
use sd_wire::metadata::Metadata;
use sd_wire::path::{CollectionPath, ItemPath};
use sd_wire::{deadline, fetch, sign};

/// An order to one of the workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// For `sd-fetch`.
    Fetch(fetch::Order),
    /// For `sd-sign`.
    Sign(sign::Order),
}

impl Order {
    /// Whether it may go to its worker ahead of the sink.
    pub(crate) fn may_go_ahead(&self) -> bool {
        matches!(self, Self::Fetch(order) if order.may_go_ahead())
    }
}

/// How an ask sets out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    /// Nobody is asked: the order goes out when it is its maker's turn.
    InTurn(Order),
    /// A person is asked, once this order has told what to show.
    ByKey(Order),
    /// A person is asked at once: there is nothing to describe.
    Plain,
    /// Nobody is asked, and it is done at once.
    Lock,
}

/// What a worker says about what is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Described {
    /// For read, access and delete: the items, in the order in which they were asked for.
    Items(Vec<Description>),
    /// For store: where it would go.
    Target {
        /// The collection's own path.
        collection: CollectionPath,
        /// Its label.
        label: Text<MAX_LABEL>,
        /// The item that would be replaced.
        replaces: Option<Description>,
    },
    /// For import: where it would go, and what it would meet there.
    Plan(Plan),
    /// For list: each collection.
    Listing(Vec<CollectionShown>),
    /// For change: what is there before.
    Before(Before),
    /// For sign: the key that would sign.
    Key(sign::Key),
    /// For unlock and for a search: nothing.
    Plain,
    /// For an item: why it cannot be described.
    Not(Fault),
}

/// What a yes does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Yes {
    /// This order goes out, and the sink with it.
    Dispatch(Order),
    /// Reads of these items need no further key for a while, and the requester is told what a person saw of them.
    Grant(Vec<Description>),
    /// Key and store are unlocked.
    Unlock,
    /// The requester is told why the item cannot be had.
    Tell(Fault),
}

/// The order with which an ask sets out; `hidden` is what a search is not to find. `None` when all of that cannot be
/// said in one order: then nothing is searched for.
pub(crate) fn road(
    id: &AskId,
    want: &Want,
    metadata: Metadata,
    hidden: impl FnOnce() -> Vec<Hidden>,
) -> Option<Road> {
    let id = id.clone();
    Some(match want {
        Want::Search { .. } if needs_key(want, metadata) => Road::Plain,
        Want::Search { collection, attributes } => {
            let describe = metadata == Metadata::Open;
            Road::InTurn(search(id, collection.as_ref(), attributes, hidden(), describe)?)
        }
        Want::Collections {} => Road::InTurn(Order::Fetch(fetch::Order::Collections { id, metadata })),
        Want::Read { item } | Want::Delete { item } | Want::SetSecret { item, .. } => {
            Road::ByKey(describe(id, vec![item.clone()]))
        }
        Want::List { collection } => {
            Road::ByKey(Order::Fetch(fetch::Order::DescribeList { id, collection: collection.clone() }))
        }
        Want::Change { change } => {
            Road::ByKey(Order::Fetch(fetch::Order::DescribeChange { id, change: change.clone() }))
        }
        Want::Access { items } => Road::ByKey(describe(id, items.to_vec())),
        Want::Store { collection, attributes, replace, .. } => {
            Road::ByKey(Order::Fetch(fetch::Order::DescribeTarget {
                id,
                collection: collection.clone(),
                attributes: attributes.clone(),
                replace: *replace,
            }))
        }
        Want::Import { collection, .. } => {
            Road::ByKey(Order::Fetch(fetch::Order::DescribeImport { id, collection: collection.clone() }))
        }
        Want::Lock {} => Road::Lock,
        Want::Unlock {} => Road::Plain,
        Want::Sign { key, .. } => Road::ByKey(Order::Sign(sign::Order::Describe { id, key: key.clone() })),
    })
}

/// What a yes to this want does, as it was described on the screen; `hidden` is what a list is not to tell. `None` when the description is not one of this
/// want: then there is nothing that a yes could mean.
pub(crate) fn on_yes(
    id: &AskId,
    want: &Want,
    shown: &Described,
    hidden: impl FnOnce() -> Vec<Hidden>,
) -> Option<Yes> {
    let id = id.clone();
    match (want, shown) {
        (Want::Read { .. }, Described::Items(items)) => {
            let Shown { item, digest } = only(items)?;
            Some(Yes::Dispatch(Order::Fetch(fetch::Order::Read { id, item, digest })))
        }
        (Want::Delete { .. }, Described::Items(items)) => {
            let Shown { item, digest } = only(items)?;
            Some(Yes::Dispatch(Order::Fetch(fetch::Order::Delete { id, item, digest })))
        }
        (Want::Access { items: wanted }, Described::Items(items)) => {
            let complete = !items.is_empty() && items.len() == wanted.len();
            complete.then(|| Yes::Grant(items.clone()))
        }
        (Want::SetSecret { content_type, .. }, Described::Items(items)) => {
            let Shown { item, digest } = only(items)?;
            let content_type = content_type.clone();
            Some(Yes::Dispatch(Order::Fetch(fetch::Order::SetSecret { id, item, digest, content_type })))
        }
        (Want::List { .. }, Described::Listing(collections)) => {
            let paths = collections.iter().map(|shown| shown.collection.clone()).collect();
            Some(Yes::Dispatch(Order::Fetch(fetch::Order::List {
                id,
                collections: List::new(paths).ok()?,
                hidden: List::new(hidden()).ok()?,
            })))
        }
        (Want::Change { change }, Described::Before(before)) if change.is_of(before) => {
            let (change, digest) = (change.clone(), before.digest());
            Some(Yes::Dispatch(Order::Fetch(fetch::Order::Change { id, change, digest })))
        }
        (
            Want::Store { label, attributes, replace, content_type, .. },
            Described::Target { collection, replaces, .. },
        ) => {
            // A worker that would replace what nobody wanted replaced is not followed.
            if replaces.is_some() && !replace {
                return None;
            }
            Some(Yes::Dispatch(Order::Fetch(fetch::Order::Store {
                id,
                collection: collection.clone(),
                label: label.clone(),
                attributes: attributes.clone(),
                content_type: content_type.clone(),
                replaces: replaces.as_ref().map(as_shown),
            })))
        }
        (Want::Import { replace, .. }, Described::Plan(plan)) => {
            let (collection, replace, digest) = (plan.collection.clone(), *replace, plan.digest());
            Some(Yes::Dispatch(Order::Fetch(fetch::Order::Import { id, collection, replace, digest })))
        }
        (Want::Sign { .. }, Described::Key(key)) => {
            Some(Yes::Dispatch(Order::Sign(sign::Order::Sign { id, fingerprint: key.fingerprint.clone() })))
        }
        (Want::Unlock {}, Described::Plain) => Some(Yes::Unlock),
        (Want::Search { collection, attributes }, Described::Plain) => {
            Some(Yes::Dispatch(search(id, collection.as_ref(), attributes, hidden(), false)?))
        }
        (want, Described::Not(why)) if names_items(want) => Some(Yes::Tell(*why)),
        _ => None,
    }
}

/// Whether this kind of want is for a person to decide. As in the table.
pub(crate) fn needs_key(want: &Want, metadata: Metadata) -> bool {
    match want {
        Want::Collections {} | Want::Lock {} => false,
        Want::Search { .. } => metadata == Metadata::Hidden,
        Want::List { .. } => metadata != Metadata::Open,
        // Also whatever comes to be wanted later.
        _ => true,
    }
}

/// Whether an ask of this kind can come before a person's eyes.
pub(crate) fn may_be_seen(want: &Want, metadata: Metadata) -> bool {
    needs_key(want, metadata) || !matches!(want, Want::Search { .. } | Want::Collections {})
}

/// What is put before a person instead of a description that has failed: `None` when the requester is told at once.
/// Only of a worker that is there and has looked does the answer say something about the item.
pub(crate) fn not_described(want: &Want, metadata: Metadata, why: Fault) -> Option<Described> {
    let looked = !matches!(why, Fault::Timeout | Fault::Unavailable | Fault::Lost | Fault::TooMany);
    (metadata == Metadata::Hidden && looked && names_items(want)).then_some(Described::Not(why))
}

/// Whether it is about items by their paths.
fn names_items(want: &Want) -> bool {
    match want {
        Want::Read { .. } | Want::Access { .. } | Want::Delete { .. } | Want::SetSecret { .. } => true,
        Want::Change { change } => {
            matches!(change, Change::ItemLabel { .. } | Change::ItemAttributes { .. })
        }
        _ => false,
    }
}

/// Whether this kind of want may be done without waiting for a person: a search, or a read that a grant covers.
pub(crate) fn may_be_brief(want: &Want, metadata: Metadata) -> bool {
    !needs_key(want, metadata) || matches!(want, Want::Read { .. })
}

/// Whether a mute, a remembered denial or the denial of everything holds for this kind of want. A lock is always let in:
/// it takes, and gives nothing.
pub(crate) fn refusable(want: &Want) -> bool {
    !matches!(want, Want::Lock {})
}

/// Whether the history keeps it: what needs no key would crowd out what does.
pub(crate) fn is_recorded(want: &Want, needs_key: bool) -> bool {
    needs_key || matches!(want, Want::Lock {})
}

/// How long a worker may take for an order: gpg-agent may have to ask for a passphrase first, and sd-fetch for that of a
/// new collection; and a list is as long as the backend is slow.
pub(crate) fn patience(order: &Order) -> Duration {
    match order {
        Order::Sign(_) => deadline::DECIDE_WAITS_ASKS,
        Order::Fetch(
            fetch::Order::Change { change: Change::CreateCollection { .. }, .. } | fetch::Order::List { .. },
        ) => deadline::DECIDE_WAITS_ASKS,
        Order::Fetch(fetch::Order::DescribeImport { .. } | fetch::Order::Import { .. }) => {
            deadline::DECIDE_WAITS_IMPORT
        }
        Order::Fetch(_) => deadline::DECIDE_WAITS,
    }
}

/// The order of a read that a live grant covers.
pub(crate) fn granted_read(id: &AskId, item: &ItemPath, digest: &Digest) -> Order {
    Order::Fetch(fetch::Order::Read { id: id.clone(), item: item.clone(), digest: digest.clone() })
}

/// The order of a signature that a live grant covers.
pub(crate) fn granted_signature(id: &AskId, key: &sign::Key) -> Order {
    Order::Sign(sign::Order::Sign { id: id.clone(), fingerprint: key.fingerprint.clone() })
}

fn search(
    id: AskId,
    collection: Option<&CollectionPath>,
    attributes: &Attributes,
    hidden: Vec<Hidden>,
    describe: bool,
) -> Option<Order> {
    let (collection, attributes) = (collection.cloned(), attributes.clone());
    let hidden = List::new(hidden).ok()?;
    Some(Order::Fetch(fetch::Order::Search { id, collection, attributes, hidden, describe }))
}

fn describe(id: AskId, items: Vec<ItemPath>) -> Order {
    // No more than may came in, so no more go out; an empty list would be refused as misdescribed.
    let items = List::new(items).unwrap_or_default();
    Order::Fetch(fetch::Order::Describe { id, items })
}

fn only(items: &[Description]) -> Option<Shown> {
    match items {
        [item] => Some(as_shown(item)),
        _ => None,
    }
}

pub(crate) fn as_shown(item: &Description) -> Shown {
    Shown { item: item.item.clone(), digest: item.digest() }
}
