//! Rules: a file by which whoever owns the companion's side restricts what can be asked for, and how.
//!
//! A rule only takes away: it denies, hides, asks for a code, shortens, limits. There is no word by which it could
//! approve, and one more rule never makes a judgement laxer. Nothing here has a clock, and nothing but `file` reads.
//!
//! Above the rules the same file may hold one setting, `metadata`: what is told of items without a key. It is no rule,
//! and it is about labels and attributes only, never about secrets.

mod file;
mod invalid;
mod judgement;
mod kind;
#[cfg(test)]
mod properties;
mod rates;
mod reader;
mod rule;
mod says;
mod sense;
mod subject;
#[cfg(test)]
mod tests;

pub(crate) use file::{check, load};
pub(crate) use invalid::Invalid;
pub(crate) use judgement::Judgement;
pub(crate) use rates::Rates;
pub(crate) use says::metadata as says_metadata;
pub(crate) use subject::{Subject, Thing};

use sd_wire::fetch::Hidden;
use sd_wire::metadata::Metadata;

use crate::rules::rule::Rule;

/// The most bytes of a file of rules.
pub(crate) const MAX_FILE: usize = 64 * 1024;
/// The most rules of a file.
pub(crate) const MAX_RULES: usize = 64;

/// The rules of a file, in its order, and its setting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    metadata: Metadata,
}

/// What a person reads about a rule.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Listed {
    /// Its name: at most 64 printable characters.
    pub(crate) name: String,
    /// The line on which it begins, from 1.
    pub(crate) line: usize,
    /// One sentence, printable.
    pub(crate) says: String,
}

impl Rules {
    /// Reads the text of a file. Text without any word, such as none at all or only comments, is no rules.
    ///
    /// # Errors
    /// [`Invalid`], with the place at fault.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        reader::rules(text)
    }

    /// What is told of items without a key.
    #[must_use]
    pub(crate) fn metadata(&self) -> Metadata {
        self.metadata
    }

    /// What the rules say about an ask: the strictest that any of them says, about any of its items. Matchers on facts
    /// that the subject does not have do not fit, so that an ask is judged twice: when it is filed, and, by the same
    /// rules and perhaps more, when it is described.
    #[must_use]
    pub(crate) fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        for rule in self.rules.iter().filter(|rule| rule.when.fits(subject)) {
            judgement.add(rule, subject);
        }
        judgement
    }

    /// Whether some rule about this kind of ask can only be decided once the items are described.
    #[must_use]
    pub(crate) fn look_at_items(&self, kind: &str) -> bool {
        self.rules
            .iter()
            .any(|rule| !rule.only_hides() && rule.when.is_about(kind) && rule.when.needs_description())
    }

    /// What a search by this caller is not to find; at most [`sd_wire::fetch::MAX_HIDDEN`]. Of the subject only the
    /// processes count: the items are matched where they are found.
    #[must_use]
    pub(crate) fn hidden(&self, subject: &Subject<'_>) -> Vec<Hidden> {
        let hides = |rule: &&Rule| rule.then.hide && rule.when.fits_processes(subject);
        self.rules.iter().filter(hides).map(|rule| rule.when.hidden()).collect()
    }

    /// Each rule for a person to read.
    #[must_use]
    pub(crate) fn list(&self) -> Vec<Listed> {
        let listed = |rule: &Rule| Listed {
            name: rule.name.as_ref().to_owned(),
            line: rule.line,
            says: says::sentence(rule),
        };
        self.rules.iter().map(listed).collect()
    }
}
