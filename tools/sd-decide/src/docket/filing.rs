//! An ask comes in, and is described: refused, granted, sent on its way, or put before a person.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sd_git::proof::Changes;
use sd_wire::ask::{Resolution, Want};
use sd_wire::deadline;
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::Hidden;
use sd_wire::id::AskId;
use sd_wire::outcome::What;

use crate::caller::Pinned;
use crate::docket::effect::{Effect, Taker};
use crate::docket::entry::{Entry, State};
use crate::docket::event::{Filing, Moment};
use crate::docket::grant::Grant;
use crate::docket::history::Decided;
use crate::docket::recording::Next;
use crate::docket::{Docket, MOST, MOST_BRIEF, MOST_OF_ONE, judged};
use crate::routing::{self, Described, Order, Road, Yes};
use crate::rules::{Judgement, Subject};

impl Docket {
    /// Whether there is no room for one more: of those that wait for a person, or of all.
    fn is_full_for(&self, want: &Want) -> bool {
        let brief = |want: &Want| routing::may_be_brief(want, self.rules.metadata());
        if brief(want) {
            return self.entries.len() >= MOST + MOST_BRIEF;
        }
        let waits = |entry: &&Entry| !brief(entry.want());
        self.entries.iter().filter(waits).count() >= MOST || self.entries.len() >= MOST + MOST_BRIEF
    }

    pub(super) fn file(&mut self, now: Moment, filing: Rc<Filing>, effects: &mut Vec<Effect>) {
        let id = filing.ask.id.clone();
        if self.knows(&id) {
            // Whoever files must ask first: to settle this id would settle the other ask.
            return;
        }
        let brief = |want: &Want| routing::may_be_brief(want, self.rules.metadata());
        let alike = |e: &&Entry| {
            e.filing.caller.pid == filing.caller.pid && brief(e.want()) == brief(&filing.ask.want)
        };
        let of_one = self.entries.iter().filter(alike).count();
        // A flood of others keeps nobody from locking. What holds for one process holds there too.
        let full = self.is_full_for(&filing.ask.want) && routing::refusable(&filing.ask.want);
        if full || of_one >= MOST_OF_ONE {
            effects.push(Effect::Settle {
                id: id.clone(),
                what: What::Failed { stage: Stage::Decide, why: Fault::TooMany },
            });
            effects.push(Effect::Tell { id: id.clone(), how: Resolution::Failed });
            effects.push(Effect::Forget { id });
            return;
        }
        self.forget_what_is_over(now);
        let until = now.after(deadline::DECIDE_WAITS);
        let taker = taker(&filing);
        let judged = judged::judge(&self.rules, &filing, None);
        let expire = judged.expire.map_or(self.expire, |rule| rule.min(self.expire));
        let needs_code = judged.code.clone();
        let mut entry = Entry {
            expires: now.after(expire),
            state: State::Vault,
            seen_to_end: false,
            changes: filing.changes.clone(),
            needs_code,
            wrong_codes: 0,
            judged,
            by_key: routing::needs_key(&filing.ask.want, self.rules.metadata()),
            recorded: false,
            filing,
        };
        let refused =
            routing::refusable(entry.want()).then(|| self.refusals.refuse(now, &entry.filing)).flatten();
        if let Some(why) = refused {
            self.history.note(now, &entry, why);
            self.entries.push(entry);
            return self.settle(now, &id, What::Denied {}, effects);
        }
        if let Some(rule) = self.forbidden(now, &entry.filing, &entry.judged, None) {
            self.history.note(now, &entry, Decided::Rule(rule));
            self.entries.push(entry);
            return self.fail(now, &id, Fault::Forbidden, effects);
        }
        // Where a rule looks at more than the path, the item is described first, and a grant comes after the rule.
        let at_once = entry.needs_code.is_none() && !self.rules.look_at_items(entry.want().kind());
        if let Some((order, number, shown)) = at_once.then(|| self.granted(now, &entry.filing)).flatten() {
            let how = Decided::ByGrant(number);
            self.history.note(now, &entry, how.clone());
            self.entries.push(entry);
            let next = Next::Dispatch { order, leaves: None, under: Some(number) };
            return self.record(now, &id, &how, shown.as_ref(), next, effects);
        }
        let metadata = self.rules.metadata();
        let Some(road) = routing::road(&id, entry.want(), metadata, || self.hidden(&entry.filing)) else {
            self.entries.push(entry);
            return self.fail(now, &id, Fault::Forbidden, effects);
        };
        match &road {
            Road::InTurn(_) => {}
            Road::ByKey(order) => entry.state = State::Describing { until: now.after(looks(order)) },
            Road::Plain => entry.state = State::Describing { until },
            Road::Lock => {}
        }
        self.entries.push(entry);
        match road {
            Road::InTurn(order) => {
                self.record(now, &id, &Decided::Nobody, None, Next::Queue { taker, order }, effects);
            }
            Road::ByKey(order) => effects.push(Effect::Describe { id, taker, order }),
            Road::Plain => self.described(now, &id, Described::Plain, effects),
            Road::Lock => self.lock(now, Some(id), effects),
        }
    }

    /// What the rules hide from this caller.
    pub(super) fn hidden(&self, filing: &Filing) -> Vec<Hidden> {
        let processes = judged::processes(filing);
        self.rules.hidden(&Subject { kind: "search", processes: &processes, ..Subject::default() })
    }

    /// The order of a read or a signature that a live grant covers by what was shown for it, that grant's number, and the
    /// key that was shown.
    fn granted(&mut self, now: Moment, filing: &Filing) -> Option<(Order, u64, Option<Described>)> {
        let (id, caller) = (&filing.ask.id, &filing.caller);
        let covered = |grant: &Grant| match &filing.ask.want {
            Want::Read { item } => {
                let digest = grant.covers_read(caller, item, now)?;
                Some((routing::granted_read(id, item, digest), None))
            }
            Want::Sign { key: name, .. } => {
                let key = grant.covers_name(caller, name, now)?;
                Some((routing::granted_signature(id, key), Some(Described::Key(key.clone()))))
            }
            _ => None,
        };
        self.grants.iter_mut().rev().find_map(|grant| {
            let (order, shown) = covered(grant)?;
            grant.used = grant.used.saturating_add(1);
            Some((order, grant.number, shown))
        })
    }

    /// Takes a proof in. Once an ask is described nothing on its picture changes any more.
    pub(super) fn proved(&mut self, id: &AskId, changes: Changes) {
        let entry = self.entries.iter_mut().find(|entry| entry.id() == id);
        if let Some(entry) = entry.filter(|entry| matches!(entry.state, State::Describing { .. })) {
            entry.changes = Some(changes);
        }
    }

    pub(super) fn described(&mut self, now: Moment, id: &AskId, shown: Described, effects: &mut Vec<Effect>) {
        let face = self.new_face();
        let Some(entry) = self.find(id).filter(|entry| matches!(entry.state, State::Describing { .. }))
        else {
            return;
        };
        let hidden = self.hidden(&entry.filing);
        // Only what a yes could be carried out on is put before a person.
        let yes = routing::on_yes(id, entry.want(), &shown, || hidden);
        let Some(yes) = yes.filter(|_| is_of(&shown, &entry.filing)) else {
            self.fail(now, id, Fault::Malformed, effects);
            return;
        };
        let judged = judged::judge(&self.rules, &entry.filing, Some(&shown));
        let (filing, before) = (Rc::clone(&entry.filing), entry.judged.clone());
        if let Some(rule) = self.forbidden(now, &filing, &judged, Some(&before)) {
            self.note(now, id, Decided::Rule(rule));
            return self.fail(now, id, Fault::Forbidden, effects);
        }
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id() == id) else { return };
        if let Some(expire) = judged.expire {
            entry.expires = entry.expires.min(now.after(expire));
        }
        // A code that was typed for a prompt's items holds for the reads of them that follow.
        let (a_code, more_code) = (entry.needs_code.is_some(), judged.code.is_some());
        entry.needs_code = entry.needs_code.take().or(judged.code);
        let (caller, want) = (&entry.filing.caller, entry.want());
        let covers = |grant: &&mut Grant| {
            let covers = match (want, &shown) {
                (Want::Sign { .. }, Described::Key(key)) => {
                    grant.covers_signature(caller, &key.fingerprint, now)
                }
                (Want::Read { .. }, Described::Items(items)) => {
                    items.iter().all(|one| grant.covers_read(caller, &one.item, now) == Some(&one.digest()))
                }
                _ => false,
            };
            covers && !a_code && (!more_code || grant.by_code)
        };
        let granted = self.grants.iter_mut().rev().find(covers);
        if let (Yes::Dispatch(order), false, None) = (&yes, entry.by_key, &entry.needs_code) {
            // Nobody is asked; it goes out when it is its maker's turn.
            let (taker, order) = (taker(&entry.filing), order.clone());
            let next = Next::Queue { taker, order };
            return self.record(now, id, &Decided::Nobody, Some(&shown), next, effects);
        }
        entry.state = State::Waiting { shown: shown.clone(), face };
        if let (Yes::Dispatch(order), Some(grant)) = (yes, granted) {
            grant.used = grant.used.saturating_add(1);
            let how = Decided::ByGrant(grant.number);
            self.history.note(now, entry, how.clone());
            let next = Next::Dispatch { order, leaves: None, under: Some(grant.number) };
            return self.record(now, id, &how, Some(&shown), next, effects);
        }
        let fits = self.find(id).is_some_and(|entry| self.fits_filter(entry));
        if self.selected.is_none() && fits {
            self.select(now, Some(id.clone()), effects);
        }
    }

    /// The worker cannot say what it is about.
    pub(super) fn not_described(&mut self, now: Moment, id: &AskId, why: Fault, effects: &mut Vec<Effect>) {
        let Some(entry) = self.find(id).filter(|entry| matches!(entry.state, State::Describing { .. }))
        else {
            return;
        };
        match routing::not_described(entry.want(), self.rules.metadata(), why) {
            Some(shown) => self.described(now, id, shown, effects),
            None => self.fail(now, id, why, effects),
        }
    }

    /// The rule that forbids an ask, if one does: each rate counts it once.
    fn forbidden(
        &mut self,
        now: Moment,
        filing: &Filing,
        judged: &Judgement,
        before: Option<&Judgement>,
    ) -> Option<Arc<str>> {
        if let Some(rule) = &judged.deny {
            return Some(Arc::clone(rule));
        }
        let rates = before.map_or_else(|| judged.rates.clone(), |before| judged.rates_since(before));
        // Who cannot be told apart shares one account.
        let nobody = Pinned { pid: 0, start: 0 };
        let process = filing.caller.principal().unwrap_or(nobody);
        self.rates.allow(now.0, &rates, &process).err()
    }
}

/// Whose turn an order of this ask takes.
fn taker(filing: &Filing) -> Taker {
    let app = filing.ask.claims.app.as_ref().map(|app| app.pid);
    Taker { maker: filing.caller.pid, app }
}

/// How long it may take to describe something. Where a passphrase could be asked for there is nothing to describe.
fn looks(order: &Order) -> Duration {
    match order {
        Order::Fetch(_) => routing::patience(order),
        Order::Sign(_) => deadline::DECIDE_WAITS,
    }
}

/// Whether a plan is about nothing but what is in the manifest: all of it stands on the screen.
fn is_of(shown: &Described, filing: &Filing) -> bool {
    let Described::Plan(plan) = shown else { return true };
    let items = filing.manifest.as_ref().map_or(0, |manifest| manifest.items.len());
    items > 0 && plan.met.iter().all(|met| usize::try_from(met.n).is_ok_and(|n| n < items))
}
