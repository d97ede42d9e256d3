//! One ask on the docket.

use std::rc::Rc;
use std::sync::Arc;

use sd_git::proof::Changes;
use sd_wire::ask::Want;
use sd_wire::bounded::Attributes;
use sd_wire::id::AskId;
use sd_wire::printable::Printable;

use crate::docket::changes;
use crate::docket::event::{Filing, Moment};
use crate::docket::recording::Next;
use crate::routing::{Described, Order};
use crate::rules::Judgement;

/// The most characters of an ask's few words.
pub(super) const SHORT: usize = 200;

/// An ask and how far it has come.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(super) filing: Rc<Filing>,
    pub(super) expires: Moment,
    pub(super) state: State,
    pub(super) seen_to_end: bool,
    /// Which files a commit changes, as far as that is proved.
    pub(super) changes: Option<Changes>,
    /// The rule by which its code has to be copied.
    pub(super) needs_code: Option<Arc<str>>,
    /// How many wrong ones were typed. Esc does not take them back.
    pub(super) wrong_codes: u8,
    /// What the rules said when it was filed.
    pub(super) judged: Judgement,
    /// Whether a person settles it, by its kind and the setting.
    pub(super) by_key: bool,
    /// Whether it is in the record that it may be done.
    pub(super) recorded: bool,
}

/// How far an ask has come.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// It needs no key, and waits for its turn at the worker.
    Queued {
        /// When that takes too long.
        until: Moment,
    },
    /// A worker was asked what it is about; until then it is given up.
    Describing {
        /// When that takes too long.
        until: Moment,
    },
    /// It waits for a key.
    Waiting {
        /// What the worker said.
        shown: Described,
        /// Ask and description in one number.
        face: Face,
    },
    /// It is the worker's.
    Dispatched {
        /// When the worker takes too long.
        until: Moment,
        /// The order, if it was one that a passphrase may be needed for.
        order: Option<Order>,
    },
    /// It may be done, and the line that says so is being written. Nothing is done before.
    Recording {
        /// The line's number.
        line: u64,
        /// What is done then.
        next: Box<Next>,
        /// When that takes too long.
        until: Moment,
    },
    /// It waits for the locking or unlocking that it brought about.
    Vault,
}

/// An ask with its description, as it stands on the screen. Neither changes once a description is there, so a number
/// stands for both; unlike an id, it never comes a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Face(pub(super) u64);

impl Entry {
    /// Its id.
    pub(crate) fn id(&self) -> &AskId {
        &self.filing.ask.id
    }

    /// What is wanted.
    pub(crate) fn want(&self) -> &Want {
        &self.filing.ask.want
    }

    /// The ask as it came in.
    pub(crate) fn filing(&self) -> &Filing {
        &self.filing
    }

    /// What the worker said about it; `None` while it is being described, and once it is dispatched.
    pub(crate) fn shown(&self) -> Option<&Described> {
        match &self.state {
            State::Waiting { shown, .. } => Some(shown),
            _ => None,
        }
    }

    /// Which files a commit changes, or why that is not proved; `None` for what is no commit.
    pub(crate) fn changes(&self) -> Option<&Changes> {
        self.changes.as_ref()
    }

    /// The rule by which its code has to be copied; `None` when a `y` is enough.
    pub(crate) fn needs_code(&self) -> Option<&str> {
        self.needs_code.as_deref()
    }

    /// How many wrong codes were typed for it.
    pub(crate) fn wrong_codes(&self) -> u8 {
        self.wrong_codes
    }

    /// Whether its kind of ask needs a key.
    pub(crate) fn needs_key(&self) -> bool {
        self.by_key
    }

    /// The ask in a few words. The history and the grants keep them, and the list is drawn with them again and again:
    /// so they are few, however long a label or the first line of a message is.
    pub(crate) fn short(&self) -> Printable {
        match (self.want(), &self.state) {
            (Want::Lock {} | Want::Unlock {}, _) => Printable::line("key and store"),
            (Want::Store { label, .. }, _) => Printable::line(label).beginning(SHORT),
            (Want::Sign { .. }, _) => {
                // Printable already: once more would double its escapes' backslashes.
                let first = self.filing.signed.as_ref().and_then(|signed| signed.text.first());
                first.map(|first| first.beginning(SHORT)).unwrap_or_default()
            }
            (Want::Import { .. }, _) => {
                let items = self.filing.manifest.as_ref().map_or(0, |manifest| manifest.items.len());
                Printable::line(&format!("{items} items"))
            }
            (_, State::Waiting { shown: Described::Items(items), .. }) => {
                let label = items.first().map_or("", |item| &item.label);
                let short: String = label.chars().take(SHORT).collect();
                match items.len().saturating_sub(1) {
                    0 => Printable::line(label).beginning(SHORT),
                    more => Printable::line(&format!("{short} and {more} more")),
                }
            }
            (_, State::Waiting { shown: Described::Listing(collections), .. }) => {
                let items: u64 = collections.iter().map(|shown| u64::from(shown.items)).sum();
                Printable::line(&format!("labels of {items} items"))
            }
            (Want::Search { attributes, .. }, _) => searched(attributes),
            (Want::Change { change }, state) => {
                let before = if let State::Waiting { shown: Described::Before(before), .. } = state {
                    Some(before)
                } else {
                    None
                };
                changes::short(change, before)
            }
            (Want::Read { item } | Want::Delete { item } | Want::SetSecret { item, .. }, _) => {
                Printable::line(item.as_str()).beginning(SHORT)
            }
            (Want::Access { items }, _) => {
                let first = items.first().map_or("", |item| item.as_str());
                Printable::line(first).beginning(SHORT)
            }
            _ => Printable::default(),
        }
    }

    /// Whether its kind, its few words or who asks mention this, in whatever case.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let name = self.filing.caller.name();
        let short = self.short();
        [self.want().kind(), short.as_str(), name.as_str()]
            .iter()
            .any(|place| place.to_lowercase().contains(&text))
    }

    /// Its face; `None` unless it waits for a key.
    pub(crate) fn face(&self) -> Option<Face> {
        match self.state {
            State::Waiting { face, .. } => Some(face),
            _ => None,
        }
    }

    /// Whether it waits for a key.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    /// Whether a person is, or will be, asked: it is on the screen's list.
    pub(crate) fn is_listed(&self) -> bool {
        self.waits() || (self.by_key && matches!(self.state, State::Describing { .. }))
    }

    /// Whether its sink is still here.
    pub(crate) fn is_here(&self) -> bool {
        !matches!(self.state, State::Dispatched { .. })
    }

    /// Whether it goes on once this line is in the record.
    pub(super) fn waits_for_line(&self, number: u64) -> bool {
        matches!(self.state, State::Recording { line, .. } if line == number)
    }

    /// The milliseconds until it expires.
    pub(crate) fn left(&self, now: Moment) -> u64 {
        self.expires.since(now)
    }

    /// Whether the whole of it has been on the terminal.
    pub(crate) fn seen_to_end(&self) -> bool {
        self.seen_to_end
    }

    /// When the docket has to look at it again. `None`: the vault does.
    pub(super) fn due(&self) -> Option<Moment> {
        match self.state {
            State::Describing { until } => Some(until.min(self.expires)),
            State::Waiting { .. } => Some(self.expires),
            State::Queued { until } | State::Dispatched { until, .. } | State::Recording { until, .. } => {
                Some(until)
            }
            State::Vault => None,
        }
    }
}

/// What is searched for, in a few words.
fn searched(attributes: &Attributes) -> Printable {
    let pairs: Vec<String> = attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Printable::line(&pairs.join(" ")).beginning(SHORT)
}
