//! What a yes to a prompt leaves behind for a few seconds.

use sd_wire::digest::Digest;
use sd_wire::fetch::Shown;
use sd_wire::path::ItemPath;

use crate::caller::{Caller, Pinned};
use crate::docket::event::Moment;

/// Reads of these items, by this process on behalf of that one, need no further key until then.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    maker: Pinned,
    app: Option<Pinned>,
    items: Vec<Shown>,
    until: Moment,
}

impl Grant {
    /// The grant that a yes to this caller's ask makes. `None` when the caller cannot be pinned: a process that was
    /// gone before it was looked at, or an app that is not what was claimed. Then each read asks for itself.
    pub(crate) fn to(caller: &Caller, items: Vec<Shown>, until: Moment) -> Option<Self> {
        let maker = caller.maker()?;
        let app = caller.app()?;
        Some(Self { maker, app, items, until })
    }

    /// The digest with which this caller may read the item now. The caller was looked at just now, so a process that
    /// ended, or another that has its number, does not match.
    pub(crate) fn covers(&self, caller: &Caller, item: &ItemPath, now: Moment) -> Option<&Digest> {
        let same = caller.maker() == Some(self.maker) && caller.app() == Some(self.app);
        if !same || now >= self.until {
            return None;
        }
        self.items.iter().find(|shown| shown.item == *item).map(|shown| &shown.digest)
    }

    /// Whether this process holds the grant.
    pub(crate) fn is_of(&self, maker: Pinned) -> bool {
        self.maker == maker
    }

    /// Whether the grant has outlived itself.
    pub(crate) fn is_over(&self, now: Moment) -> bool {
        now >= self.until
    }
}
