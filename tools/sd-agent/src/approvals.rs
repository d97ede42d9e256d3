//! Which application may read which item without a further keypress, and until when.
//!
//! A mirror, and no more: the grant itself is in `sd-decide`, which looks at it again for every read. What stands here
//! decides only what the application is told: locked or not.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sd_wire::claims::App;
use sd_wire::path::ItemPath;

/// The mirror must forget before the grant does: a read that comes late would open an ask of its own.
const MARGIN: Duration = Duration::from_millis(500);

/// By process, not by bus name: python-keyring opens a new connection for each call.
type Key = (u32, u64);

/// The approvals of every application.
#[derive(Default)]
pub(crate) struct Approvals {
    until: HashMap<Key, HashMap<ItemPath, Instant>>,
}

impl Approvals {
    /// Notes that a person approved these items for `app`, as learned at `now`.
    pub(crate) fn approve(&mut self, app: &App, items: &[ItemPath], lives: Duration, now: Instant) {
        self.forget_expired(now);
        let until = now + lives.saturating_sub(MARGIN);
        let approved = self.until.entry(key(app)).or_default();
        for item in items {
            let before = approved.get(item).copied();
            // What was given for longer before goes on.
            approved.insert(item.clone(), before.map_or(until, |before| before.max(until)));
        }
    }

    /// Whether `app` may read `item` at `now`.
    pub(crate) fn covers(&self, app: &App, item: &ItemPath, now: Instant) -> bool {
        self.until.get(&key(app)).and_then(|items| items.get(item)).is_some_and(|until| now < *until)
    }

    /// Takes an approval back: the grant was found to be gone, or the item is to be locked.
    pub(crate) fn forget(&mut self, app: &App, item: &ItemPath) {
        if let Some(items) = self.until.get_mut(&key(app)) {
            items.remove(item);
        }
    }

    /// An item is gone or another than the one that was shown, which every grant is bound to, but that of whom it was
    /// changed `by`. Returns who had one.
    pub(crate) fn is_another(&mut self, item: &ItemPath, by: Option<&App>) -> Vec<App> {
        let by = by.map(key);
        let others = self.until.iter_mut().filter(|(holder, _)| Some(**holder) != by);
        let had = others.filter_map(|(key, items)| items.remove(item).map(|_| *key));
        had.map(|(pid, start)| App { pid, start, exe: None }).collect()
    }

    /// Takes every approval back: the store is being locked, and the grants go with that. Returns what was approved.
    pub(crate) fn forget_all(&mut self, now: Instant) -> Vec<(App, Vec<ItemPath>)> {
        self.forget_expired(now);
        let approved = std::mem::take(&mut self.until).into_iter();
        let app = |(pid, start)| App { pid, start, exe: None };
        approved.map(|(key, items)| (app(key), items.into_keys().collect())).collect()
    }

    fn forget_expired(&mut self, now: Instant) {
        self.until.retain(|_, items| {
            items.retain(|_, until| now < *until);
            !items.is_empty()
        });
    }
}

fn key(app: &App) -> Key {
    (app.pid, app.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(pid: u32, start: u64) -> App {
        App { pid, start, exe: None }
    }

    fn item(n: u32) -> ItemPath {
        ItemPath::parse(&format!("/org/freedesktop/secrets/collection/login/{n}")).unwrap()
    }

    #[test]
    fn an_approval_covers_its_process_its_items_and_its_time_only() {
        let now = Instant::now();
        let mut approvals = Approvals::default();
        approvals.approve(&app(1, 1), &[item(1)], Duration::from_secs(10), now);
        assert!(approvals.covers(&app(1, 1), &item(1), now));
        assert!(!approvals.covers(&app(1, 1), &item(2), now));
        assert!(!approvals.covers(&app(2, 1), &item(1), now));
        assert!(!approvals.covers(&app(1, 2), &item(1), now), "another process with the same pid");
        assert!(!approvals.covers(&app(1, 1), &item(1), now + Duration::from_secs(10)));
    }

    #[test]
    fn an_approval_is_forgotten_here_before_the_grant_ends() {
        let now = Instant::now();
        let mut approvals = Approvals::default();
        approvals.approve(&app(1, 1), &[item(1)], Duration::from_secs(10), now);
        assert!(!approvals.covers(&app(1, 1), &item(1), now + Duration::from_millis(9600)));
    }

    #[test]
    fn expired_approvals_take_no_memory() {
        let now = Instant::now();
        let mut approvals = Approvals::default();
        approvals.approve(&app(1, 1), &[item(1)], Duration::from_secs(1), now);
        approvals.approve(&app(2, 1), &[item(1)], Duration::from_secs(1), now + Duration::from_secs(2));
        assert_eq!(approvals.until.len(), 1);
    }
}
