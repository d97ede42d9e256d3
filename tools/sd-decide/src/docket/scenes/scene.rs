//! A docket with a person before it, and what the tests read out of its effects.

use super::*;
use crate::docket::entry::Entry;

/// A docket with a person before it and a clock.
pub(super) struct Scene {
    pub(super) docket: Docket,
    pub(super) now: u64,
    /// What was recorded.
    pub(super) record: Vec<sd_wire::record::Record>,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::under("")
    }

    pub(super) fn under(rules: &str) -> Self {
        let rules = Rules::parse(rules).unwrap();
        let mut scene = Self {
            docket: Docket::new(std::time::Duration::from_secs(300), rules),
            now: 0,
            record: Vec::new(),
        };
        scene.step(Event::Active(true));
        scene.step(Event::Started);
        scene
    }

    /// Whatever is to be recorded is, at once.
    pub(super) fn step(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = self.docket.step(Moment(self.now), event);
        while let Some(at) = effects.iter().position(|effect| matches!(effect, Effect::Record { .. })) {
            if let Effect::Record { number, line, .. } = effects.remove(at) {
                self.record.push(*line);
                effects.extend(self.docket.step(Moment(self.now), Event::Recorded { number }));
            }
        }
        effects
    }

    /// Nothing is recorded.
    pub(super) fn step_alone(&mut self, event: Event) -> Vec<Effect> {
        self.docket.step(Moment(self.now), event)
    }

    pub(super) fn wait(&mut self, milliseconds: u64) -> Vec<Effect> {
        self.now += milliseconds;
        self.step(Event::Tick)
    }

    /// Files an ask and describes it.
    pub(super) fn file(&mut self, n: u64, want: Want) {
        self.step(filed(n, want.clone()));
        self.step(Event::Described { id: id(n), what: made_up::described(&want) });
    }

    /// A picture of the whole selected ask is on the terminal.
    pub(super) fn see(&mut self) {
        let face = self.docket.selected().and_then(Entry::face);
        self.step(Event::Drawn(face));
        if let Some(face) = face {
            self.step(Event::SeenToEnd(face));
        }
    }

    pub(super) fn see_and_wait(&mut self) {
        self.see();
        self.wait(700);
    }

    pub(super) fn key(&mut self, key: Key) -> Vec<Effect> {
        self.step(Event::Key(key))
    }
}

pub(super) fn dispatched(effects: &[Effect]) -> Vec<&Order> {
    effects
        .iter()
        .filter_map(|e| if let Effect::Dispatch { order, .. } = e { Some(order) } else { None })
        .collect()
}

pub(super) fn queued(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Queue { .. })).count()
}

pub(super) fn told(effects: &[Effect]) -> Vec<Resolution> {
    effects.iter().filter_map(|e| if let Effect::Tell { how, .. } = e { Some(*how) } else { None }).collect()
}

/// How many asks the effects approve: each is told what was shown.
pub(super) fn approved(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Approve { .. })).count()
}

pub(super) fn settled(effects: &[Effect]) -> Vec<&What> {
    effects
        .iter()
        .filter_map(|e| if let Effect::Settle { what, .. } = e { Some(what) } else { None })
        .collect()
}
