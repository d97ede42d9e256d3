//! What a yes leaves behind for a while: to a prompt some seconds, by `g` some minutes.

use std::time::Duration;

use sd_wire::bounded::Text;
use sd_wire::description::Description;
use sd_wire::digest::Digest;
use sd_wire::fetch::Shown;
use sd_wire::path::ItemPath;
use sd_wire::printable::Printable;
use sd_wire::sign::{Fingerprint, Key};

use crate::caller::{Caller, Pinned};
use crate::docket::event::Moment;
use crate::routing;

/// The same again, by the same process, needs no further key until then.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// Its number, by which it is revoked.
    pub(crate) number: u64,
    pub(super) holder: Holder,
    pub(super) covers: Covers,
    /// When it ends.
    pub(crate) until: Moment,
    /// Who holds it, in words.
    pub(crate) who: Printable,
    /// What it is for, in words.
    pub(crate) what: Printable,
    /// Whether a person gave it by `g`; otherwise it belongs to a prompt.
    pub(crate) by_hand: bool,
    /// Whether a code was copied for it.
    pub(super) by_code: bool,
    /// How often it was made use of.
    pub(crate) used: u64,
}

/// Who holds a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// This process, on behalf of that one.
    Pair(Pinned, Option<Pinned>),
    /// This process and whatever it starts: `git`, which starts a program anew for each signature.
    Tree(Pinned),
}

/// What a grant is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Covers {
    /// Reads of these items, as they were shown.
    Items(Vec<Covered>),
    /// Signatures with this key.
    Key(Signer),
}

/// A key that a grant covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signer {
    /// How it was asked for.
    pub(super) name: Text<512>,
    /// As it was shown.
    pub(super) key: Key,
}

/// An item that a grant covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Covered {
    shown: Shown,
    /// For the record.
    label: Text<128>,
}

impl Covered {
    fn of(item: &Description) -> Self {
        Self { shown: routing::as_shown(item), label: Text::clipped(&item.label) }
    }
}

impl Holder {
    /// The caller with the app that it claims. `None` when either cannot be pinned: a process that was gone before it
    /// was looked at, or an app that is not what was claimed. Then each ask is on its own.
    pub(crate) fn pair(caller: &Caller) -> Option<Self> {
        Some(Self::Pair(caller.maker()?, caller.app()?))
    }

    /// Whether this caller is the holder. It was looked at just now, so a process that ended, or another that has its
    /// number, is not.
    fn is(self, caller: &Caller) -> bool {
        match self {
            Self::Pair(..) => Self::pair(caller) == Some(self),
            Self::Tree(root) => caller.descends_from(root),
        }
    }

    /// The processes whose end ends the grant.
    pub(crate) fn processes(self) -> impl Iterator<Item = Pinned> {
        match self {
            Self::Pair(maker, app) => [Some(maker), app],
            Self::Tree(root) => [Some(root), None],
        }
        .into_iter()
        .flatten()
    }
}

impl Covers {
    /// Reads of these items.
    pub(crate) fn of(items: &[Description]) -> Self {
        Self::Items(items.iter().map(Covered::of).collect())
    }

    /// The label of this item, as it was shown.
    pub(super) fn label(&self, item: &ItemPath) -> Option<&Text<128>> {
        let Self::Items(items) = self else { return None };
        items.iter().find(|covered| covered.shown.item == *item).map(|covered| &covered.label)
    }
}

impl Grant {
    /// It, from now on: one of a prompt lives for so many seconds after its requester was told, one that was given by
    /// hand as long as was said.
    pub(super) fn from(self, now: Moment, seconds: u32) -> Self {
        let until = if self.by_hand { self.until } else { now.after(Duration::from_secs(seconds.into())) };
        Self { until, ..self }
    }

    /// The digest with which this caller may read the item now.
    pub(crate) fn covers_read(&self, caller: &Caller, item: &ItemPath, now: Moment) -> Option<&Digest> {
        let Covers::Items(items) = &self.covers else { return None };
        if self.is_over(now) || !self.holder.is(caller) {
            return None;
        }
        items.iter().find(|covered| covered.shown.item == *item).map(|covered| &covered.shown.digest)
    }

    /// Whether this caller may sign with the key now.
    pub(crate) fn covers_signature(&self, caller: &Caller, key: &Fingerprint, now: Moment) -> bool {
        matches!(&self.covers, Covers::Key(signer) if signer.key.fingerprint == *key)
            && !self.is_over(now)
            && self.holder.is(caller)
    }

    /// The key that this caller may sign with now, if it asks by the name by which it was shown: whatever else that name
    /// has come to mean, this is the key that signs.
    pub(super) fn covers_name(&self, caller: &Caller, name: &Text<512>, now: Moment) -> Option<&Key> {
        let Covers::Key(signer) = &self.covers else { return None };
        (signer.name == *name && self.covers_signature(caller, &signer.key.fingerprint, now))
            .then_some(&signer.key)
    }

    /// Its holder was approved to change an item that it covers, which is so from now on.
    pub(super) fn follow(&mut self, changed: &Description) {
        let Covers::Items(items) = &mut self.covers else { return };
        for covered in items.iter_mut().filter(|covered| covered.shown.item == changed.item) {
            *covered = Covered::of(changed);
        }
    }

    /// Whether this process is its holder, or part of it.
    pub(crate) fn is_of(&self, process: Pinned) -> bool {
        self.holder.processes().any(|holder| holder == process)
    }

    /// Whether the grant has outlived itself.
    pub(crate) fn is_over(&self, now: Moment) -> bool {
        now >= self.until
    }
}
