//! What was settled while this gate has run: bounded, in memory, gone with the process. No audit record.

use std::collections::VecDeque;

use crate::tally::Waiting;

/// The most settled requests that are remembered.
const MOST: usize = 200;

/// A settled request on the bus: id, kind, when it was settled in seconds since 1970, pid, outcome.
pub(crate) type SettledRow = (String, &'static str, u64, u32, &'static str);

/// Settled requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History(VecDeque<SettledRow>);

impl History {
    /// Adds one that was settled now, and forgets one when there are too many.
    pub(crate) fn add(&mut self, request: Waiting, outcome: &'static str, now: u64) {
        if self.0.len() >= MOST {
            // A desktop searches all the time; what a person was asked for is what one looks for later.
            let least = self.0.iter().position(|(_, kind, ..)| needs_no_key(kind)).unwrap_or(0);
            self.0.remove(least);
        }
        self.0.push_back((request.id.to_string(), request.kind, now, request.pid, outcome));
    }

    /// All of them, newest first.
    pub(crate) fn rows(&self) -> Vec<SettledRow> {
        self.0.iter().rev().cloned().collect()
    }
}

/// Only which one is forgotten first hangs on this; what needs a key is decided by sd-decide.
fn needs_no_key(kind: &str) -> bool {
    matches!(kind, "search" | "collections")
}

#[cfg(test)]
mod tests {
    use sd_wire::id::AskId;

    use super::*;

    fn add(history: &mut History, n: usize, kind: &'static str) {
        let id = AskId::from_random(u64::try_from(n).unwrap().to_be_bytes());
        history.add(
            Waiting { id, kind, since: 1, pid: 7, family: None, gives_way: false },
            "granted",
            u64::try_from(n).unwrap(),
        );
    }

    #[test]
    fn no_more_than_the_newest_two_hundred_are_remembered() {
        let mut history = History::default();
        for n in 0..MOST + 5 {
            add(&mut history, n, "read");
        }
        let times: Vec<_> = history.rows().iter().map(|row| row.2).collect();
        assert_eq!(times, (5..205).rev().collect::<Vec<_>>());
    }

    #[test]
    fn searches_make_room_before_what_a_person_was_asked_for() {
        let mut history = History::default();
        add(&mut history, 0, "sign");
        for n in 1..1000 {
            add(&mut history, n, "search");
        }
        add(&mut history, 1000, "read");
        let rows = history.rows();
        assert_eq!((rows.len(), rows[0].1, rows[MOST - 1].1), (MOST, "read", "sign"));
    }
}
