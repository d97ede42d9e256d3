//! What `verify` says of a record.

use std::fmt;

/// Where a line stands: the file's name, and which line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) number: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.number)
    }
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// What stands there is no line.
    Damaged(Place),
    /// It says that it is this line, and was not sealed as such.
    Changed(Place, u64),
    /// Without the key: this line, or the one before it.
    Torn(Place, u64),
    /// This line stands behind later ones.
    Moved(Place, u64),
    /// This line stood before already.
    Repeated(Place, u64),
    /// These lines are nowhere.
    Missing(u64, u64),
    /// These lines were written last, and are nowhere.
    Cut(u64, u64),
    /// A file could not be read to its end.
    Unreadable(String, String),
    /// What was written last cannot be told.
    State(String),
}

impl Finding {
    /// The word for it, for scripts.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "damaged",
            Self::Changed(..) => "changed",
            Self::Torn(..) => "torn",
            Self::Moved(..) => "moved",
            Self::Repeated(..) => "repeated",
            Self::Missing(..) => "missing",
            Self::Cut(..) => "cut",
            Self::Unreadable(..) => "unreadable",
            Self::State(_) => "state",
        }
    }

    /// The lines that it is about, the first and the last.
    pub(crate) fn lines(&self) -> Option<(u64, u64)> {
        match self {
            Self::Changed(_, seq) | Self::Torn(_, seq) | Self::Moved(_, seq) | Self::Repeated(_, seq) => {
                Some((*seq, *seq))
            }
            Self::Missing(first, last) | Self::Cut(first, last) => Some((*first, *last)),
            Self::Damaged(_) | Self::Unreadable(..) | Self::State(_) => None,
        }
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::Damaged(place)
            | Self::Changed(place, _)
            | Self::Torn(place, _)
            | Self::Moved(place, _)
            | Self::Repeated(place, _) => Some(place),
            _ => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |first: &u64, last: &u64| {
            if first == last { format!("line {first} is") } else { format!("lines {first} to {last} are") }
        };
        match self {
            Self::Damaged(place) => write!(f, "{place}: what stands there is no line of the record"),
            Self::Changed(place, seq) => {
                write!(f, "{place}: line {seq} was changed after it was written, or was never written")
            }
            Self::Torn(place, seq) => {
                write!(f, "{place}: line {seq}, or the one before it, was changed after it was written")
            }
            Self::Moved(place, seq) => write!(f, "{place}: line {seq} stands behind later ones"),
            Self::Repeated(place, seq) => write!(f, "{place}: line {seq} stands here once more"),
            Self::Missing(first, last) => write!(f, "{} missing", lines(first, last)),
            Self::Cut(first, last) => write!(f, "{} missing: the end was cut off", lines(first, last)),
            Self::Unreadable(file, why) => write!(f, "{file} could not be read to its end: {why}"),
            Self::State(why) => write!(f, "what was written last cannot be told: {why}"),
        }
    }
}
