//! What the keyboard is for just now, unless a passphrase is asked for.

use crate::docket::entry::Face;
use crate::docket::line::Line;
use crate::docket::page::Page;

/// What the keys do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are about the asks: one key, one act.
    #[default]
    Asks,
    /// Any key closes the help.
    Help,
    /// They turn the page that a command made.
    Page(Page),
    /// They write a line.
    Line(Line),
    /// They copy the code of an ask.
    Code(Copying),
    /// They say for how many minutes.
    Minutes(Minutes),
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `:`
    Command,
    /// `/`
    Filter,
}

/// A code that is being copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copying {
    /// The ask that it approves.
    pub(super) face: Face,
    /// As far as it is typed.
    pub(crate) typed: String,
}

/// A number of minutes that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Minutes {
    /// The ask that it is about.
    pub(super) face: Face,
    /// What for.
    pub(crate) period: Period,
    /// As far as it is typed; empty for the usual.
    pub(crate) typed: String,
}

/// What lasts for some minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    /// A yes to this and to what this process asks of the same.
    Grant,
    /// A no to this and to all that this process asks.
    Mute,
}

impl Period {
    /// The minutes when none are typed.
    pub(crate) const fn usual(self) -> u64 {
        match self {
            Self::Grant => 2,
            Self::Mute => 5,
        }
    }

    /// The most minutes.
    pub(crate) const fn most(self) -> u64 {
        match self {
            Self::Grant => 15,
            Self::Mute => 60,
        }
    }
}

impl Minutes {
    /// The minutes; `None` when what is typed is none from 1 to the most.
    pub(crate) fn value(&self) -> Option<u64> {
        if self.typed.is_empty() {
            return Some(self.period.usual());
        }
        self.typed.parse().ok().filter(|minutes| (1..=self.period.most()).contains(minutes))
    }
}
