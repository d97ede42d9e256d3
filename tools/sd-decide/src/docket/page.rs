//! The pages that commands open.

use sd_wire::id::AskId;

/// What a page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The last so many decisions.
    History(usize),
    /// One ask, pending or decided.
    Show(AskId),
    /// All asks that are pending.
    Pending,
    /// The grants and mutes in force.
    Grants,
    /// The rules.
    Rules,
    /// What runs and what is locked.
    Status,
    /// The commands, as text of several lines.
    Text(String),
}
