//! Cutting a keyring into as few asks as may be, and making one ask of a piece.

use std::collections::BTreeMap;

use sd_sys::secret::Secret;
use sd_wire::bounded::List;
use sd_wire::import::{Listed, MAX_ITEMS, MAX_MANIFEST, MAX_SECRETS, Manifest};
use sd_wire::line::Words;

use crate::import::Why;
use crate::import::item::{Item, State};
use crate::import::session::Session;
use crate::import::source::Source;

/// Room for the manifest's own words.
const AROUND: usize = 64;

/// A stretch of the items: from, and so many.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    first: usize,
    count: usize,
}

/// Puts items that are the same thing beside each other, and cuts: no ask is more than it may be, and where it can be
/// helped the same things are in the same ask. An ask of its own would take the first one for a conflict.
pub(super) fn cut(items: &mut Vec<Item>) -> Vec<Batch> {
    let mut things: Vec<Vec<Item>> = Vec::new();
    let mut places = BTreeMap::new();
    for item in items.drain(..) {
        let place = *places.entry(item.thing()).or_insert(things.len());
        match things.get_mut(place) {
            Some(thing) => thing.push(item),
            None => things.push(vec![item]),
        }
    }
    let mut batches: Vec<Batch> = Vec::new();
    let mut load = Load::default();
    for thing in things {
        let whole = thing.iter().fold(Load::default(), Load::and);
        // With its first item room is made for all of it; where no ask has that much, item by item.
        let mut all_of_it = Some(whole).filter(Load::fits);
        for item in thing {
            let next = all_of_it.take().map_or_else(|| load.and(&item), |all| load.with(&all));
            match batches.last_mut() {
                Some(batch) if next.fits() => batch.count = batch.count.saturating_add(1),
                _ => {
                    batches.push(Batch { first: items.len(), count: 1 });
                    load = Load::default();
                }
            }
            load = load.and(&item);
            items.push(item);
        }
    }
    batches
}

/// How much an ask holds.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    items: usize,
    listed: usize,
    secrets: usize,
}

impl Load {
    fn and(self, item: &Item) -> Self {
        let listed = item.listed().filter(|_| item.state == State::Open).map_or(0, |listed| written(&listed));
        let secret = item.len().and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
        self.with(&Self { items: 1, listed, secrets: secret })
    }

    fn with(self, other: &Self) -> Self {
        Self {
            items: self.items.saturating_add(other.items),
            listed: self.listed.saturating_add(other.listed),
            secrets: self.secrets.saturating_add(other.secrets),
        }
    }

    fn fits(&self) -> bool {
        self.items <= MAX_ITEMS
            && self.listed.saturating_add(AROUND) <= MAX_MANIFEST
            && u32::try_from(self.secrets).is_ok_and(|secrets| secrets <= MAX_SECRETS)
    }
}

/// How many bytes an item takes in a manifest, with the comma behind it.
fn written(item: &Listed) -> usize {
    let alone = Manifest { items: List::new(vec![item.clone()]).unwrap_or_default() };
    alone.to_line().map_or(MAX_MANIFEST, |line| line.len())
}

impl Batch {
    fn places(&self) -> std::ops::Range<usize> {
        self.first..self.first.saturating_add(self.count)
    }

    /// The items of the batch that can be moved, by their places.
    fn fit<'a>(&self, items: &'a [Item]) -> impl Iterator<Item = (usize, &'a Item)> {
        self.places()
            .filter_map(|place| Some((place, items.get(place)?)))
            .filter(|(_, item)| !matches!(item.state, State::Unfit(_)))
    }

    /// The place of the item that stands at `n` in the manifest.
    pub(super) fn sent(&self, items: &[Item], n: usize) -> Option<usize> {
        self.fit(items).nth(n).map(|(place, _)| place)
    }

    /// The first of its items of which nothing was heard.
    pub(super) fn next(&self, items: &[Item]) -> Option<usize> {
        self.fit(items).find(|(_, item)| item.state == State::Open).map(|(place, _)| place)
    }

    /// What is sent of it. The secrets are read again: only those of one ask are held at a time. `None` when nothing of
    /// it can be moved.
    pub(super) async fn load(
        &self,
        source: &Source,
        session: &Session,
        items: &mut [Item],
    ) -> Result<Option<(Manifest, Secret)>, Why> {
        let lens = self.fit(items).filter_map(|(_, item)| item.len());
        let all = lens.fold(0_u32, u32::saturating_add);
        let room = usize::try_from(all).unwrap_or(usize::MAX);
        let mut secrets = Secret::with_capacity(room).map_err(|e| Why::Kernel(e.to_string()))?;
        let mut listed = Vec::new();
        for item in items.get_mut(self.places()).unwrap_or_default() {
            if matches!(item.state, State::Unfit(_)) {
                continue;
            }
            let secret = session.secret(source, &item.path).await.ok().map(|(secret, _)| secret);
            let same = secret.filter(|secret| u32::try_from(secret.len()).ok() == item.len());
            match (same, item.listed()) {
                (Some(secret), Some(entry)) if secrets.push(secret.expose()).is_ok() => listed.push(entry),
                _ => item.state = State::Unfit("it changed while it was read; import it again".to_owned()),
            }
        }
        if listed.is_empty() {
            return Ok(None);
        }
        let items = List::new(listed).map_err(|e| Why::Kernel(e.to_string()))?;
        Ok(Some((Manifest { items }, secrets)))
    }
}

#[cfg(test)]
pub(super) mod tests;
