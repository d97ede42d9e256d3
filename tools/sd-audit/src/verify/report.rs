//! What was found, all of it.

use super::finding::Finding;
use crate::entry::Own;

/// The most findings that are kept; the others are counted.
pub(super) const MOST: usize = 1000;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// Not as written, in the order of the files.
    pub(crate) findings: Vec<Finding>,
    /// How many more there are.
    pub(crate) more: usize,
    /// How many lines are as they were written.
    pub(crate) good: u64,
    /// The first and the last of them, and when they were written.
    pub(crate) first: Option<(u64, String)>,
    pub(crate) last: Option<(u64, String)>,
    /// Whether MACs were looked at.
    pub(crate) with_key: bool,
    /// Lines up to this one were deleted for want of room, by the record's own word.
    pub(crate) dropped: u64,
    /// What sd-audit noticed itself: torn ends, and changes by somebody else; the line, its word and its sentence.
    pub(crate) notices: Vec<(u64, Own, String)>,
    /// Bytes at the end that are no line yet.
    pub(crate) unfinished: usize,
}

impl Report {
    /// Whether all is as it was written.
    pub(crate) fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn find(&mut self, finding: Finding) {
        if self.findings.len() < MOST {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }
}
