//! What the rules say about an ask.

use std::sync::Arc;
use std::time::Duration;

use crate::rules::kind::Kind;
use crate::rules::rule::Rule;
use crate::rules::subject::Subject;

/// What the rules say about an ask. The default is what no rules say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// It is denied, by the first rule that does so.
    pub(crate) deny: Option<Arc<str>>,
    /// Approving takes the code that stands on the screen, and no grant covers it, by the first rule that says so.
    pub(crate) code: Option<Arc<str>>,
    /// It waits no longer than this, if it would otherwise wait longer.
    pub(crate) expire: Option<Duration>,
    /// How often one process may ask; every one of them holds.
    pub(crate) rates: Vec<Rate>,
}

/// How often one process may ask for what a rule fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// The rule's name.
    pub(crate) rule: Arc<str>,
    /// So many asks,
    pub(crate) most: u32,
    /// within so long.
    pub(crate) window: Duration,
}

impl Judgement {
    /// Adds what a rule says that fits.
    pub(super) fn add(&mut self, rule: &Rule, subject: &Subject<'_>) {
        let name = || Arc::clone(&rule.name);
        if rule.then.deny && self.deny.is_none() {
            self.deny = Some(name());
        }
        // Where nobody is asked there is no code to type and no time to shorten.
        let waits = Kind::named(subject.kind).is_some_and(|kind| kind.waits);
        if waits && rule.then.code && self.code.is_none() {
            self.code = Some(name());
        }
        if let Some(expire) = rule.then.expire.filter(|_| waits) {
            self.expire = Some(self.expire.map_or(expire, |least| least.min(expire)));
        }
        if let Some((most, window)) = rule.then.rate {
            self.rates.push(Rate { rule: name(), most, window });
        }
    }

    /// The rates that were not already counted when the ask was filed: so each counts it once.
    #[must_use]
    pub(crate) fn rates_since(&self, filed: &Self) -> Vec<Rate> {
        let counted = |rate: &&Rate| !filed.rates.iter().any(|before| before.rule == rate.rule);
        self.rates.iter().filter(counted).cloned().collect()
    }
}
