//! The book of who asked how often.

use std::sync::Arc;
use std::time::Duration;

use crate::rules::judgement::Rate;

/// The most pairs of a rule and a process that are kept.
pub(super) const MOST: usize = 512;

/// Who asked when, in milliseconds of a clock that does not go back. `P` is whatever tells processes apart for good:
/// a number alone comes again.
///
/// Kept are at most 512 pairs, each with at most the rate's number of times. When one more is needed, the one that has
/// been quiet for longest goes: who starts that many processes has as many fresh starts anyway.
#[derive(Clone, Debug)]
pub(crate) struct Rates<P> {
    lines: Vec<Line<P>>,
}

#[derive(Clone, Debug)]
struct Line<P> {
    rule: Arc<str>,
    process: P,
    /// Of the asks that were let through, oldest first.
    times: Vec<u64>,
}

// Not derived: that would ask for a process by default.
impl<P> Default for Rates<P> {
    fn default() -> Self {
        Self { lines: Vec::new() }
    }
}

impl<P: Clone + PartialEq> Rates<P> {
    /// Counts an ask against all of these rates, or against none and says which rule's it would exceed.
    ///
    /// # Errors
    /// The name of the first such rule. An ask that is not let through does not count.
    pub(crate) fn allow(&mut self, now: u64, rates: &[Rate], process: &P) -> Result<(), Arc<str>> {
        for rate in rates {
            let full = self.line(&rate.rule, process).is_some_and(|line| {
                line.times.retain(|time| now.saturating_sub(*time) < millis(rate.window));
                u32::try_from(line.times.len()).is_ok_and(|used| used >= rate.most)
            });
            if full {
                return Err(Arc::clone(&rate.rule));
            }
        }
        for rate in rates {
            self.count(now, &rate.rule, process);
        }
        Ok(())
    }

    fn count(&mut self, now: u64, rule: &Arc<str>, process: &P) {
        if let Some(line) = self.line(rule, process) {
            line.times.push(now);
            return;
        }
        if self.lines.len() >= MOST {
            let last = |line: &Line<P>| line.times.last().copied().unwrap_or(0);
            let quietest = self.lines.iter().enumerate().min_by_key(|(_, line)| last(line));
            if let Some(place) = quietest.map(|(place, _)| place) {
                self.lines.swap_remove(place);
            }
        }
        self.lines.push(Line { rule: Arc::clone(rule), process: process.clone(), times: vec![now] });
    }

    fn line(&mut self, rule: &Arc<str>, process: &P) -> Option<&mut Line<P>> {
        self.lines.iter_mut().find(|line| line.rule == *rule && line.process == *process)
    }
}

fn millis(window: Duration) -> u64 {
    u64::try_from(window.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(rule: &str, most: u32) -> Rate {
        Rate { rule: rule.into(), most, window: Duration::from_secs(60) }
    }

    #[test]
    fn no_minute_holds_more_asks_than_its_rate() {
        let mut rates = Rates::default();
        let two = [rate("two", 2)];
        assert!(rates.allow(0, &two, &1).is_ok());
        assert!(rates.allow(59_000, &two, &1).is_ok());
        assert_eq!(rates.allow(59_999, &two, &1).unwrap_err().as_ref(), "two");
        assert!(rates.allow(60_000, &two, &1).is_ok(), "the first is a minute ago");
        assert!(rates.allow(60_001, &two, &1).is_err(), "the second is not");
    }

    #[test]
    fn one_process_does_not_use_up_what_another_has() {
        let mut rates = Rates::default();
        let one = [rate("one", 1)];
        assert!(rates.allow(0, &one, &1).is_ok() && rates.allow(0, &one, &2).is_ok());
        assert!(rates.allow(1, &one, &1).is_err() && rates.allow(1, &one, &2).is_err());
    }

    #[test]
    fn an_ask_that_one_rate_denies_is_counted_by_none() {
        let mut rates = Rates::default();
        let (one, two) = (rate("one", 1), rate("two", 2));
        assert!(rates.allow(0, std::slice::from_ref(&one), &1).is_ok());
        assert!(rates.allow(1, &[two.clone(), one], &1).is_err());
        assert!(rates.allow(2, std::slice::from_ref(&two), &1).is_ok());
        assert!(rates.allow(3, &[two], &1).is_ok());
    }

    #[test]
    fn the_book_does_not_grow_with_the_processes_and_forgets_the_quietest() {
        let mut rates = Rates::default();
        let one = [rate("one", 1)];
        for process in 0..10_000_u64 {
            assert!(rates.allow(process, &one, &process).is_ok());
        }
        assert_eq!(rates.lines.len(), MOST);
        assert!(rates.allow(10_000, &one, &9_999).is_err(), "the newest is remembered");
    }

    #[test]
    fn a_clock_that_went_back_lets_nothing_more_through() {
        let mut rates = Rates::default();
        let one = [rate("one", 1)];
        assert!(rates.allow(100_000, &one, &1).is_ok());
        assert!(rates.allow(0, &one, &1).is_err());
    }
}
