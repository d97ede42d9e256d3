//! What a yes to a store, or to another secret, leaves behind: who has just written a secret may read it for a moment.
//!
//! It tells nobody anything new, and clients that look at what they have written need no second key for it.

use sd_wire::ask::Want;
use sd_wire::change::Change;
use sd_wire::deadline;
use sd_wire::description::Description;
use sd_wire::id::AskId;

use crate::docket::Docket;
use crate::docket::event::Moment;
use crate::docket::grant::{Covers, Grant, Holder};

impl Docket {
    /// A worker has made or changed this item for a dispatched ask. Grants of the same holder follow the change that it
    /// was approved to make; those of others are bound to what was shown, and end.
    pub(super) fn made(&mut self, now: Moment, id: &AskId, item: &Description) {
        let Some(entry) = self.find(id) else { return };
        let (fits, wrote) = match entry.want() {
            Want::Store { .. } => (true, true),
            Want::SetSecret { item: wanted, .. } => (*wanted == item.item, true),
            Want::Change {
                change: Change::ItemLabel { item: wanted, .. } | Change::ItemAttributes { item: wanted, .. },
            } => (*wanted == item.item, false),
            _ => (false, false),
        };
        let caller = &entry.filing.caller;
        // As for a prompt: what the proxy as such may read, every app could that it cannot name.
        let holder = Holder::pair(caller).filter(|_| !caller.is_proxy_alone());
        let (Some(holder), true, false) = (holder, fits, self.vault.is_locking()) else { return };
        let (who, what, by_code) = (caller.name(), entry.short(), entry.needs_code.is_some());
        for grant in self.grants.iter_mut().filter(|grant| grant.holder == holder) {
            grant.follow(item);
        }
        if wrote {
            let number = self.number();
            let (covers, until) = (Covers::of(std::slice::from_ref(item)), now.after(deadline::ACCESS));
            let (by_hand, used) = (false, 0);
            self.keep_grant(Some(Grant { number, holder, covers, until, who, what, by_hand, by_code, used }));
        }
    }
}
