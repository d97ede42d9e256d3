//! The journal's copy of a line: who and how, never a label, an attribute or a claim.

use sd_journal::{Record, Severity};
use sd_wire::record::Unwritten;

use crate::entry::{Own, Told};

/// `MESSAGE_ID` of each event, as units/secrets-dispatcher.catalog explains them.
const IDS: [(&str, &str); 12] = [
    ("started", "e586294a74cd463b9254d6a6d71e58a8"),
    ("released", "67cde23d0b1b4fe69341aebbe0ee8baa"),
    ("allowed", "f3194bb200fe42fba981989201a9f248"),
    ("revoked", "c32e04cacef5499884244bc3b31f9468"),
    ("ended", "af272301fc7c4d83ac2def24adfea89b"),
    ("entered", "2001dca333434bf4a90a63998dc8eb60"),
    ("changed", "f88f5bf9df18431890c0798e2b3dc849"),
    ("opened", "6e834059e2cd497ebf7923f3760066d6"),
    ("mended", "518b52b15c674a1baea5461f933320d6"),
    ("broken", "a29a30a5f44a4d2198b398bce957c2d8"),
    ("rotated", "cdc2b20cb8bb4b8191be8b49e1d8bfc7"),
    ("dropped", "b767356d94bd47c88039e61e873eddea"),
];
/// Likewise, of a record that could not be written.
const UNWRITTEN: &str = "25fbcfd452954ff6863341a8206a987b";

fn id(event: &str) -> Option<&'static str> {
    IDS.iter().find(|(name, _)| *name == event).map(|(_, id)| *id)
}

/// What was written as this line.
pub(crate) fn written(seq: u64, told: &Told) {
    about_it(Record::info(format!("{seq}: {}", sentence(told))), told).field("AUDIT_SEQ", seq).send();
}

/// What was not.
pub(crate) fn unwritten(why: Unwritten, told: &Told) {
    let record = Record::error(format!("not recorded, so not released: {why}"));
    about_it(record, &Told { event: String::new(), ..told.clone() })
        .message_id(UNWRITTEN)
        .field("EVENT", &told.event)
        .send();
}

/// What sd-audit wrote of itself.
pub(crate) fn own(told: &Told) {
    let severity = if told.is_own() == Some(Own::Broken) { Severity::Error } else { Severity::Info };
    let note = told.note.as_deref().unwrap_or_default();
    about_it(Record::new(severity, note), told).send();
}

/// What happened, and how and why it ended: `ended read, failed: the store is locked`.
fn sentence(told: &Told) -> String {
    let mut all = [told.event.as_str(), told.kind.as_str()].map(str::trim).join(" ").trim().to_owned();
    if let Some(ended) = told.ended {
        all += ", ";
        all += ended.as_str();
    }
    if let Some(why) = told.record().and_then(|record| record.why) {
        all += ": ";
        all += &why.to_string();
    }
    all
}

fn about_it(mut record: Record, told: &Told) -> Record {
    if let Some(id) = id(&told.event) {
        record = record.message_id(id).field("EVENT", &told.event);
    }
    if let Some(ask) = &told.ask {
        record = record.ask(ask);
    }
    if !told.kind.is_empty() {
        record = record.kind(&told.kind);
    }
    if let Some(how) = &told.how {
        record = record.field("HOW", how);
    }
    if let Some(ended) = told.ended {
        record = record.outcome(ended.as_str());
    }
    if let Some(who) = &told.attested {
        record = record.caller_uid(who.uid).caller_pid(who.pid);
    }
    record
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sd_wire::ask::Resolution;
    use sd_wire::bounded::Text;
    use sd_wire::fault::Fault;
    use sd_wire::record::{self, Event};

    use super::*;

    const CATALOG: &str = include_str!("../../../units/secrets-dispatcher.catalog");

    #[test]
    fn a_line_of_the_journal_says_how_an_ask_ended_and_why() {
        let mut record = record::Record::of(Event::Ended);
        record.kind = Text::new("read").expect("short");
        (record.ended, record.why) = (Some(Resolution::Failed), Some(Fault::NoAgent));
        assert_eq!(sentence(&Told::of(record)), format!("ended read, failed: {}", Fault::NoAgent));
    }

    #[test]
    fn every_event_has_an_id_and_the_catalog_explains_it() {
        let events = Event::ALL.map(Event::as_str).into_iter().chain(Own::ALL.map(Own::as_str));
        let mut ids: BTreeSet<&str> = events.map(|event| id(event).expect(event)).collect();
        assert_eq!(ids.len(), IDS.len());
        ids.insert(UNWRITTEN);
        let explained: BTreeSet<&str> = CATALOG.lines().filter_map(|line| line.strip_prefix("-- ")).collect();
        assert_eq!(explained, ids);
    }
}
