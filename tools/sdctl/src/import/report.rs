//! What became of everything, for a person or for a script.

use std::io;

use sd_client::Failure as Client;
use sd_wire::outcome::What;
use sd_wire::printable::Printable;
use serde_json::{Value, json};

use crate::import::Why;
use crate::import::batch::Batch;
use crate::import::item::{Item, State};
use crate::paper::{Ink, Paper};
use crate::table::{Table, plain};

/// The most characters of a label in a table.
const LABEL: usize = 60;

/// Everything that was to be moved.
#[derive(Debug)]
pub(super) struct Report {
    source: String,
    pub(super) items: Vec<Item>,
    /// How many asks it takes.
    pub(super) asks: usize,
}

impl Report {
    pub(super) fn of(source: &str, items: Vec<Item>) -> Self {
        Self { source: source.to_owned(), items, asks: 0 }
    }

    /// Whether all of it is in the store.
    pub(super) fn is_complete(&self) -> bool {
        self.items.iter().all(|item| item.state.is_there())
    }

    /// An ask ended before its end: whatever was being done when it did may be done.
    pub(super) fn stopped(&mut self, batch: &Batch, why: &Client) {
        let begun = match why {
            // Nobody was asked, or nobody said yes.
            Client::Ended(What::Failed { stage, .. }) => *stage == sd_wire::fault::Stage::Fetch,
            Client::Lost | Client::Timeout | Client::Garbled(_) => true,
            _ => false,
        };
        let next = batch.next(&self.items).filter(|_| begun);
        if let Some(item) = next.and_then(|place| self.items.get_mut(place)) {
            item.state = State::Unknown;
        }
    }

    fn count(&self, word: &str) -> usize {
        self.items.iter().filter(|item| item.state.word() == word).count()
    }

    /// What would be moved.
    pub(super) fn dry(&self, paper: &mut Paper) -> io::Result<()> {
        if paper.json() {
            return paper.document(&self.document(None));
        }
        let mut table = Table::under(["COLLECTION", "LABEL", "ATTRIBUTES"]);
        for item in &self.items {
            let pairs = item.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let label = Printable::clipped(&item.label, LABEL);
            let collection = Printable::clipped(&item.collection, LABEL);
            table.row([plain(collection), plain(label), plain(Printable::pairs(pairs))]);
        }
        table.write(paper)?;
        paper.line(&format!("{} items of {} would be moved", self.items.len(), self.source))
    }

    /// What was moved, and what was not.
    pub(super) fn write(&self, paper: &mut Paper, ended: Option<&Why>) -> io::Result<()> {
        if paper.json() {
            return paper.document(&self.document(ended));
        }
        let mut table = Table::under(["NOT MOVED", "LABEL", "WHY"]);
        let mut any = false;
        for item in self.items.iter().filter(|item| !item.state.is_there()) {
            // Of those that nobody came to there may be thousands: they are counted.
            if let Some(why) = item.state.why() {
                any = true;
                let label = Printable::clipped(&item.label, LABEL);
                table.row([
                    (item.state.word().replace('_', " "), Ink::Bad),
                    plain(label),
                    plain(Printable::line(&why)),
                ]);
            }
        }
        if any {
            table.write(paper)?;
        }
        let words =
            ["stored", "replaced", "already_there", "moved", "conflict", "failed", "unknown", "not_moved"];
        let counts = words.map(|word| (word.replace('_', " "), self.count(word)));
        let parts: Vec<String> = counts
            .iter()
            .filter(|(word, count)| *count > 0 || word == "stored")
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        paper.line(&format!("{} items of {}: {}", self.items.len(), self.source, parts.join(", ")))
    }

    fn document(&self, ended: Option<&Why>) -> Value {
        let count = |word: &str| self.count(word);
        json!({
            "source": self.source,
            "asks": self.asks,
            "stored": count("stored"),
            "replaced": count("replaced"),
            "already_there": count("already_there"),
            "moved": count("moved"),
            "conflict": count("conflict"),
            "failed": count("failed"),
            "unknown": count("unknown"),
            "not_moved": count("not_moved"),
            "ended": ended.map(ToString::to_string),
            "items": self.items.iter().map(Item::document).collect::<Vec<_>>(),
        })
    }
}
