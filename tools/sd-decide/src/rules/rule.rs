//! One rule: when it fits, and what it does then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sd_wire::bounded::Text;
use sd_wire::fetch::Hidden;
use sd_wire::pattern::Pattern;

use crate::rules::kind::Kind;
use crate::rules::subject::{Subject, Thing};

/// Below it are the items of aliases of collections.
const ALIASES: &str = "/org/freedesktop/secrets/aliases/";

/// A rule that makes sense.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// Its name, unlike that of any other rule.
    pub(super) name: Arc<str>,
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    /// When it fits.
    pub(super) when: When,
    /// What it does.
    pub(super) then: Then,
}

/// The matchers. All that are given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct When {
    /// One of these kinds; none for all.
    pub(super) kinds: Vec<&'static Kind>,
    /// A pattern over the item's path.
    pub(super) item: Option<Pattern>,
    /// A pattern over the label of its collection.
    pub(super) collection: Option<Pattern>,
    /// A pattern over its label.
    pub(super) label: Option<Pattern>,
    /// Attributes that it has, each with a pattern over its value.
    pub(super) attributes: BTreeMap<Text<256>, Pattern>,
    /// The end of the key's fingerprint, in upper-case digits.
    pub(super) key: Option<String>,
    /// A pattern over the names of the processes.
    pub(super) process: Option<Pattern>,
}

/// The effects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Then {
    /// The ask is denied.
    pub(super) deny: bool,
    /// No search finds the item.
    pub(super) hide: bool,
    /// Approving takes the code that stands on the screen.
    pub(super) code: bool,
    /// The ask waits no longer than this.
    pub(super) expire: Option<Duration>,
    /// So many asks of one process within so long; more are denied.
    pub(super) rate: Option<(u32, Duration)>,
}

impl Rule {
    /// Whether it is about nothing but what a search finds.
    pub(super) fn only_hides(&self) -> bool {
        self.then == Then { hide: true, ..Then::default() }
    }
}

impl When {
    /// Whether all matchers fit.
    pub(super) fn fits(&self, subject: &Subject<'_>) -> bool {
        let Some(kind) = Kind::named(subject.kind) else { return false };
        let key =
            self.key.as_ref().is_none_or(|end| subject.key.is_some_and(|key| key.ends_with(end.as_str())));
        self.is_about(kind.name)
            && key
            && self.fits_processes(subject)
            && (!self.of_things() || subject.things.iter().any(|thing| self.fits_thing(thing)))
    }

    /// Whether it is about this kind of ask.
    pub(super) fn is_about(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|one| one.means(kind))
    }

    /// Whether there is a matcher on what only the backend knows of an item.
    pub(super) fn needs_description(&self) -> bool {
        self.collection.is_some() || self.label.is_some() || !self.attributes.is_empty()
    }

    /// Whether the matcher on processes fits, if there is one. A caller that was gone before anybody could look, and so
    /// has no name at all, fits every pattern: to end early is no way around a rule.
    pub(super) fn fits_processes(&self, subject: &Subject<'_>) -> bool {
        let fits = |name: &Pattern| subject.processes.iter().any(|process| name.fits(process));
        subject.processes.is_empty() || self.process.as_ref().is_none_or(fits)
    }

    /// What `hide` keeps from being found.
    pub(super) fn hidden(&self) -> Hidden {
        Hidden { item: self.item.clone(), label: self.label.clone(), attributes: self.attributes.clone() }
    }

    /// Whether there is a matcher on what the ask is about.
    pub(super) fn of_things(&self) -> bool {
        self.item.is_some()
            || self.collection.is_some()
            || self.label.is_some()
            || !self.attributes.is_empty()
    }

    fn fits_thing(&self, thing: &Thing<'_>) -> bool {
        // By an alias an item has a second path, and where it leads is not known here: it fits any pattern, or it would
        // lead around each.
        let item = |pattern: &Pattern, path: &str| path.starts_with(ALIASES) || pattern.fits(path);
        let text = |pattern: &Option<Pattern>, text: Option<&str>| {
            pattern.as_ref().is_none_or(|pattern| text.is_some_and(|text| pattern.fits(text)))
        };
        let attribute = |(name, pattern): (&Text<256>, &Pattern)| {
            let value = thing.attributes.and_then(|attributes| attributes.get(name.as_str()));
            value.is_some_and(|value| pattern.fits(value))
        };
        self.item.as_ref().is_none_or(|pattern| thing.item.is_some_and(|path| item(pattern, path)))
            && text(&self.collection, thing.collection)
            && text(&self.label, thing.label)
            && self.attributes.iter().all(attribute)
    }
}
