//! One file that differs between two trees.

pub use gix_hash::ObjectId;
pub use gix_object::bstr::BString;

/// What a path leads to in one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// How it is kept.
    pub mode: Mode,
    /// The hash of its content, or of a submodule's commit.
    pub id: ObjectId,
}

/// How a file is kept in a tree; what else a tree's entry may say does not differ from one of these (`canon_mode` in git).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `100644`.
    Plain,
    /// `100755`.
    Executable,
    /// `120000`.
    Link,
    /// `160000`.
    Submodule,
}

impl Mode {
    /// As git writes it: `100644`.
    #[must_use]
    pub fn octal(self) -> &'static str {
        match self {
            Self::Plain => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
            Self::Submodule => "160000",
        }
    }

    /// As a person says it: `executable`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "file",
            Self::Executable => "executable",
            Self::Link => "symbolic link",
            Self::Submodule => "submodule",
        }
    }

    /// Whether a change from one to the other is one of type (`S_IFMT`), not only of permission.
    #[must_use]
    pub fn is_another_type(self, other: Self) -> bool {
        self != other && !(self.is_regular() && other.is_regular())
    }

    pub(crate) fn is_regular(self) -> bool {
        matches!(self, Self::Plain | Self::Executable)
    }
}

/// What happened to a file, as `git diff-tree -r --find-renames=100%` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path, in the new tree unless it was deleted.
    pub path: BString,
    /// What happened there.
    pub what: What,
}

/// Kinds of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It was not there before.
    Added(File),
    /// It is not there any more.
    Deleted(File),
    /// Its content or its permission is another.
    Modified(File, File),
    /// It is something else now: a link that was a file.
    Retyped(File, File),
    /// The same content was at `from`, and is not there any more. Its permission may be another.
    Renamed {
        /// Where it was.
        from: BString,
        /// What was there.
        old: File,
        /// What it is now.
        new: File,
    },
}

impl What {
    /// The letter that git has for it: A, D, M, T, R.
    #[must_use]
    pub fn letter(&self) -> char {
        match self {
            Self::Added(_) => 'A',
            Self::Deleted(_) => 'D',
            Self::Modified(..) => 'M',
            Self::Retyped(..) => 'T',
            Self::Renamed { .. } => 'R',
        }
    }

    /// What was there before and what is there now.
    #[must_use]
    pub fn sides(&self) -> (Option<File>, Option<File>) {
        match self {
            Self::Added(new) => (None, Some(*new)),
            Self::Deleted(old) => (Some(*old), None),
            Self::Modified(old, new) | Self::Retyped(old, new) | Self::Renamed { old, new, .. } => {
                (Some(*old), Some(*new))
            }
        }
    }
}
