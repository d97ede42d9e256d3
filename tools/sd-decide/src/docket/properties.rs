//! The docket under random orders of events, against rules that are written down a second time, more simply.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use proptest::prelude::*;
use sd_wire::ask::Want;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;

use super::Docket;
use super::effect::Effect;
use super::entry::Entry;
use super::event::{Event, Moment};
use crate::keys::Key;
use super::mode::Mode;
use crate::caller::Caller;
use crate::made_up;

/// One thing that happens, by small numbers.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Filed(u64, u8, u8),
    Described(u64, bool),
    DescribeFailed(u64),
    Key(u8),
    Drawn,
    SeenToEnd,
    Shown,
    Active(bool),
    Withdrawn(u64),
    Cancelled(u64),
    Sent(u64),
    DispatchFailed(u64),
    WorkerDone(u64),
    WorkerFailed(u64),
    Wait(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    let n = || 0_u64..8;
    prop_oneof![
        6 => (n(), 0_u8..8, 0_u8..3).prop_map(|(n, want, caller)| Happens::Filed(n, want, caller)),
        6 => (n(), prop::bool::weighted(0.9)).prop_map(|(n, fits)| Happens::Described(n, fits)),
        1 => n().prop_map(Happens::DescribeFailed),
        8 => (0_u8..8).prop_map(Happens::Key),
        6 => Just(Happens::Drawn),
        6 => Just(Happens::SeenToEnd),
        1 => Just(Happens::Shown),
        1 => prop::bool::weighted(0.8).prop_map(Happens::Active),
        1 => n().prop_map(Happens::Withdrawn),
        1 => n().prop_map(Happens::Cancelled),
        3 => n().prop_map(Happens::Sent),
        1 => n().prop_map(Happens::DispatchFailed),
        2 => n().prop_map(Happens::WorkerDone),
        1 => n().prop_map(Happens::WorkerFailed),
        8 => prop_oneof![Just(100_u64), Just(700), Just(701), Just(3000), Just(30_000)].prop_map(Happens::Wait),
    ]
}

fn want(kind: u8) -> Want {
    match kind {
        0 | 1 => made_up::read(1),
        2 => made_up::read(2),
        3 => made_up::access(&[1, 2]),
        4 => made_up::store(),
        5 => Want::Delete { item: made_up::item(1) },
        6 => made_up::sign(),
        _ => Want::Collections {},
    }
}

const KEYS: [Key; 8] = [Key::Char('y'), Key::Char('y'), Key::Char('y'), Key::Char('n'), Key::Up, Key::Down, Key::Char('?'), Key::Other];

/// What an onlooker knows.
#[derive(Default)]
struct Onlooker {
    now: u64,
    active: bool,
    /// When a key was pressed last, or the selection changed, or the screen appeared.
    disturbed: u64,
    /// The picture on the terminal: which filing, and since when.
    picture: Option<(u64, u64)>,
    /// Filings, by the order in which they came; ids can come again.
    filings: Vec<Filed>,
    open: HashMap<AskId, usize>,
    /// Until when a maker may read items 1 and 2.
    grants: HashMap<u8, u64>,
}

struct Filed {
    id: AskId,
    want: Want,
    caller: u8,
    dispatched: u32,
    settled: u32,
    told: u32,
}

impl Onlooker {
    /// Everything that must hold of what the docket does upon one event.
    fn judge(&mut self, docket: &Docket, key: Option<Key>, before: Option<&AskId>, effects: &[Effect]) {
        let quiet = self.now.saturating_sub(self.disturbed) >= 700;
        let seen = before.and_then(|id| self.open.get(id)).is_some_and(|filing| {
            self.picture.is_some_and(|(shown, since)| {
                shown == u64::try_from(*filing).unwrap() && self.now - since >= 700
            })
        });
        let counts = self.active && quiet && seen;
        for effect in effects {
            match effect {
                Effect::Dispatch { id, .. } => {
                    let n = self.open[id];
                    let filed = &self.filings[n];
                    let granted = matches!(filed.want, Want::Read { .. })
                        && self.grants.get(&filed.caller).is_some_and(|until| self.now < *until);
                    let by_key = key == Some(Key::Char('y')) && before == Some(id) && counts;
                    assert!(granted || by_key, "dispatched {id} of {:?} without a reason", filed.want);
                    self.filings[n].dispatched += 1;
                }
                Effect::Settle { id, what } => {
                    let n = self.open[id];
                    let filed = &mut self.filings[n];
                    filed.settled += 1;
                    match what {
                        sd_wire::outcome::What::Approved { .. } => {
                            assert!(key == Some(Key::Char('y')) && before == Some(id) && counts);
                            assert!(matches!(filed.want, Want::Access { .. }));
                            self.grants.insert(filed.caller, self.now + 10_000);
                        }
                        sd_wire::outcome::What::Denied {} => {
                            assert!(key == Some(Key::Char('n')) && before == Some(id) && counts);
                        }
                        _ => {}
                    }
                }
                Effect::Tell { id, .. } => self.filings[self.open[id]].told += 1,
                Effect::Forget { id } => {
                    let filed = &self.filings[self.open[id]];
                    assert_eq!(filed.told, 1, "told once, before it is forgotten");
                    self.open.remove(id);
                }
                Effect::Queue { id, .. } => {
                    let filed = &mut self.filings[self.open[id]];
                    assert!(matches!(filed.want, Want::Collections {}), "queued {:?}", filed.want);
                    filed.dispatched += 1;
                }
                _ => {}
            }
        }
        for filed in &self.filings {
            assert!(filed.dispatched <= 1 && filed.settled <= 1 && filed.told <= 1);
        }
        if key.is_some() || docket.selected().map(Entry::id) != before {
            self.disturbed = self.now;
        }
        let listed: Vec<usize> = docket.listed().map(|entry| self.open[entry.id()]).collect();
        assert!(listed.is_sorted(), "order of arrival");
    }
}

fn play(story: &[Happens]) {
    let mut docket = Docket::new(Duration::from_secs(60));
    let mut onlooker = Onlooker::default();
    let step = |docket: &mut Docket, onlooker: &mut Onlooker, event: Event| {
        let key = if let Event::Key(key) = event { Some(key) } else { None };
        let before = docket.selected().map(|entry| entry.id().clone());
        let effects = docket.step(Moment(onlooker.now), event);
        onlooker.judge(docket, key, before.as_ref(), &effects);
        effects
    };
    for happens in std::iter::once(&Happens::Active(true)).chain(story) {
        let id = made_up::id;
        let event = match *happens {
            Happens::Filed(n, kind, caller) => {
                if !docket.knows(&id(n)) {
                    let filing = onlooker.filings.len();
                    let want = want(kind);
                    onlooker.open.insert(id(n), filing);
                    onlooker.filings.push(Filed {
                        id: id(n),
                        want,
                        caller,
                        dispatched: 0,
                        settled: 0,
                        told: 0,
                    });
                }
                made_up::filed_by(n, want(kind), Caller::made_up(i32::from(caller) + 1, 5))
            }
            Happens::Described(n, fits) => {
                let wanted = onlooker.open.get(&id(n)).map(|filing| &onlooker.filings[*filing].want);
                let wanted = wanted.filter(|_| fits).cloned().unwrap_or_else(made_up::sign);
                Event::Described { id: id(n), what: made_up::described(&wanted) }
            }
            Happens::DescribeFailed(n) => Event::DescribeFailed { id: id(n), why: Fault::Lost },
            Happens::Key(n) => Event::Key(KEYS[usize::from(n)]),
            Happens::Drawn => {
                let entry = docket.selected().filter(|_| *docket.mode() != Mode::Help);
                let shown = entry.map(|entry| u64::try_from(onlooker.open[entry.id()]).unwrap());
                let now = onlooker.now;
                onlooker.picture = shown.map(|shown| match onlooker.picture {
                    Some((before, since)) if before == shown => (shown, since),
                    _ => (shown, now),
                });
                Event::Drawn(entry.and_then(Entry::face))
            }
            Happens::SeenToEnd => match docket.selected().and_then(Entry::face) {
                Some(face) => Event::SeenToEnd(face),
                None => Event::Tick,
            },
            Happens::Shown => {
                onlooker.disturbed = onlooker.now;
                Event::Started
            }
            Happens::Active(active) => {
                onlooker.active = active;
                onlooker.picture = None;
                onlooker.disturbed = onlooker.now;
                Event::Active(active)
            }
            Happens::Withdrawn(n) => Event::Withdrawn { id: id(n) },
            Happens::Cancelled(n) => Event::Cancelled { id: id(n) },
            Happens::Sent(n) => Event::Sent { id: id(n) },
            Happens::DispatchFailed(n) => Event::DispatchFailed { id: id(n), why: Fault::Unavailable },
            Happens::WorkerDone(n) => Event::WorkerDone { id: id(n) },
            Happens::WorkerFailed(n) => Event::WorkerFailed { id: id(n), why: Fault::Lost },
            Happens::Wait(milliseconds) => {
                onlooker.now += milliseconds;
                Event::Tick
            }
        };
        if matches!(event, Event::Key(_)) && *docket.mode() == Mode::Help {
            onlooker.picture = None;
        }
        step(&mut docket, &mut onlooker, event);
        if *docket.mode() == Mode::Help {
            onlooker.picture = None;
        }
    }
    for _ in 0..10 {
        onlooker.now += 30_000;
        step(&mut docket, &mut onlooker, Event::Tick);
    }
    assert!(docket.due(Moment(onlooker.now)).is_none() && docket.listed().next().is_none(), "nothing is forgotten");
    assert!(onlooker.open.is_empty());
    let ids: HashSet<&AskId> =
        onlooker.filings.iter().filter(|filed| filed.told != 1).map(|f| &f.id).collect();
    assert!(ids.is_empty(), "told exactly once: {ids:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_releases_without_a_yes_or_forgets_an_ask(
        story in prop::collection::vec(happens(), 0..80)
    ) {
        play(&story);
    }

    #[test]
    fn a_person_who_looks_and_waits_settles_whatever_else_happens(
        story in prop::collection::vec(happens(), 0..20), yes in any::<bool>()
    ) {
        // Whatever came before: an ask that is filed, described, seen and left alone can be settled.
        let mut docket = Docket::new(Duration::from_secs(60));
        let mut now = 0;
        for happens in &story {
            if let Happens::Wait(milliseconds) = happens {
                now += milliseconds;
            } else if let Happens::Filed(n, kind, caller) = *happens {
                let caller = Caller::made_up(i32::from(caller) + 1, 5);
                docket.step(Moment(now), made_up::filed_by(n, want(kind), caller));
            } else if let Happens::Key(n) = *happens {
                docket.step(Moment(now), Event::Key(KEYS[usize::from(n)]));
            }
        }
        now += 100_000;
        docket.step(Moment(now), Event::Tick);
        docket.step(Moment(now), Event::Active(true));
        docket.step(Moment(now), made_up::filed(100, made_up::sign()));
        let what = made_up::described(&made_up::sign());
        docket.step(Moment(now), Event::Described { id: made_up::id(100), what });
        let face = docket.selected().and_then(Entry::face).expect("selected");
        docket.step(Moment(now), Event::Drawn(Some(face)));
        docket.step(Moment(now), Event::SeenToEnd(face));
        let key = Event::Key(if yes { Key::Char('y') } else { Key::Char('n') });
        let effects = docket.step(Moment(now + 700), key);
        let dispatched = effects.iter().any(|e| matches!(e, Effect::Dispatch { .. }));
        let settled = effects.iter().any(|e| matches!(e, Effect::Settle { .. }));
        prop_assert_eq!((dispatched, settled), (yes, !yes));
    }
}
