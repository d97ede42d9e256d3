//! What the record still says of decisions, read back into the history.

use std::collections::VecDeque;

use sd_wire::printable::Printable;
use sd_wire::record::{Event, How, Record};

use crate::docket::history::{Decided, Decision, KEPT, When};

/// The kinds of asks that the history keeps.
const KINDS: [&str; 12] = [
    "read", "access", "search", "store", "import", "delete", "list", "set", "change", "sign", "lock",
    "unlock",
];

/// Reads the lines one by one, the oldest first, and keeps no more of them than the history does.
#[derive(Debug, Default)]
pub(crate) struct Reader(VecDeque<Decision>);

impl Reader {
    /// Takes in a line, which was written at this time in milliseconds since 1970.
    pub(crate) fn take(&mut self, at: u64, record: &Record) {
        let Some(id) = &record.ask else { return };
        let open = |decision: &&mut Decision| decision.id == *id && decision.ended.is_none();
        if let Some(decision) = self.0.iter_mut().rev().find(open) {
            (decision.ended, decision.why) = (record.ended, record.why);
        } else if let Some(decision) = decision(at, record) {
            if self.0.len() >= KEPT {
                self.0.pop_front();
            }
            self.0.push_back(decision);
        }
    }

    /// The decisions, the oldest first.
    pub(crate) fn decisions(self) -> Vec<Decision> {
        self.0.into()
    }
}

/// The decision that begins with this line. `None` for what the history does not keep: another event, or what needed
/// no key. A lock needs none, and is kept.
fn decision(at: u64, record: &Record) -> Option<Decision> {
    let how = record.how.as_ref()?;
    let kind = KINDS.into_iter().find(|kind| *kind == record.kind.as_str())?;
    if !matches!(record.event, Event::Released | Event::Allowed | Event::Ended)
        || (matches!(how, How::Free {}) && kind != "lock")
    {
        return None;
    }
    let (what, who) = (record.what.as_ref()?, record.claimed.as_ref()?);
    Some(Decision {
        id: record.ask.clone()?,
        when: When::Before(at / 1000),
        kind,
        // Printable already when it was written: once more would double its escapes' backslashes, were it not kept so.
        what: Printable::kept(&what.words),
        who: Printable::kept(&who.looks),
        decided: decided(how, record),
        ended: record.ended,
        why: record.why,
    })
}

fn decided(how: &How, record: &Record) -> Decided {
    let no = record.event == Event::Ended;
    match how {
        How::Key {} if no => Decided::No,
        How::Key {} => Decided::Yes,
        How::Code {} => Decided::Code,
        How::KeyAndGrant { seconds } => Decided::Granted(seconds / 60),
        How::KeyAndMute { seconds } => Decided::NoAndMuted(seconds / 60),
        How::Grant { number } => Decided::ByGrant(*number),
        How::WrongCode {} => Decided::WrongCode,
        How::Muted {} => Decided::Muted,
        How::Remembered {} => Decided::Remembered,
        How::Everything {} => Decided::Everything,
        How::Rule { name } => Decided::Rule(name.as_str().into()),
        How::Expiry {} | How::Free {} | How::Nobody {} => Decided::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use sd_wire::ask::Resolution;
    use sd_wire::bounded::Text;
    use sd_wire::record::{Claimed, Matter};

    use super::*;
    use crate::made_up::id;

    fn line(n: u64, event: Event, kind: &str, how: How) -> Record {
        Record {
            ask: Some(id(n)),
            kind: Text::new(kind).unwrap(),
            how: Some(how),
            claimed: Some(Box::new(Claimed {
                looks: Text::new("a\\\\b\u{1b}").unwrap(),
                ..Claimed::default()
            })),
            what: Some(Box::new(Matter::default())),
            ..Record::of(event)
        }
    }

    fn ended(n: u64, how: Resolution) -> Record {
        Record { ask: Some(id(n)), ended: Some(how), ..Record::of(Event::Ended) }
    }

    #[test]
    fn a_decision_and_its_end_are_one_and_what_needed_no_key_is_none() {
        let lines = [
            Record::of(Event::Started),
            line(1, Event::Released, "read", How::Key {}),
            line(2, Event::Released, "search", How::Free {}),
            Record { ended: Some(Resolution::Denied), ..line(3, Event::Ended, "read", How::Key {}) },
            ended(1, Resolution::Granted),
            line(4, Event::Released, "lock", How::Free {}),
            line(5, Event::Allowed, "access", How::KeyAndGrant { seconds: 120 }),
            line(6, Event::Released, "no kind of ours", How::Key {}),
            ended(77, Resolution::Granted),
        ];
        let mut reader = Reader::default();
        (1..).zip(lines).for_each(|(n, line)| reader.take(n * 1000, &line));
        let decisions = reader.decisions();
        let told: Vec<_> = decisions.iter().map(|d| (d.kind, d.decided.clone(), d.ended, d.when)).collect();
        assert_eq!(
            told,
            [
                ("read", Decided::Yes, Some(Resolution::Granted), When::Before(2)),
                ("read", Decided::No, Some(Resolution::Denied), When::Before(4)),
                ("lock", Decided::Nobody, None, When::Before(6)),
                ("access", Decided::Granted(2), None, When::Before(7)),
            ]
        );
        assert_eq!(decisions[0].who.as_str(), "a\\\\b\\x1b", "fit for a terminal, and not escaped twice");
    }
}
