//! What the record still says of decisions, read back into the history.

use sd_wire::printable::Printable;
use sd_wire::record::{Event, How, Record};

use crate::docket::history::{Decided, Decision, When};

/// The kinds of asks that the history keeps.
const KINDS: [&str; 12] = [
    "read", "access", "search", "store", "import", "delete", "list", "set", "change", "sign", "lock",
    "unlock",
];

/// The decisions that these lines tell of, oldest first, each with the time at which it was written in milliseconds
/// since 1970.
pub(crate) fn decisions(lines: Vec<(u64, Record)>) -> Vec<Decision> {
    let mut decisions: Vec<Decision> = Vec::new();
    for (at, record) in lines {
        let (Some(id), Record { ended, why, .. }) = (&record.ask, &record) else { continue };
        let open = |decision: &&mut Decision| decision.id == *id && decision.ended.is_none();
        if let Some(decision) = decisions.iter_mut().rev().find(open) {
            (decision.ended, decision.why) = (*ended, *why);
        } else if let Some(decision) = decision(at, &record) {
            decisions.push(decision);
        }
    }
    decisions
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
        let decisions = decisions((1..).map(|n| n * 1000).zip(lines).collect());
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
