//! A step as data: dry run, takeover and release read the same list.

use std::path::PathBuf;

use super::state::State;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its name, for scripts.
    pub(crate) name: String,
    /// What it does at a takeover, and at a release; nothing where it does nothing then.
    pub(crate) says: [Option<String>; 2],
    /// What is to be done.
    pub(crate) act: Act,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Notes who is the Secret Service; brings it back.
    Owner,
    /// Tells the session bus and the user's service manager of new files.
    Reload,
    /// Puts a file somewhere; puts back what was there.
    File {
        /// Where, below the root.
        path: PathBuf,
        /// What.
        wanted: State,
    },
    /// Ends whoever is the Secret Service.
    End,
    /// Starts gnome-keyring's other components again.
    Rest,
    /// Starts sd-agent; stops it.
    Agent,
}

/// Which way a list is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the first step to the last.
    Takeover,
    /// From the last step to the first.
    Release,
}

impl Step {
    /// A step of both ways.
    pub(crate) fn new(
        name: &str,
        act: Act,
        forth: impl Into<Option<&'static str>>,
        back: impl Into<Option<&'static str>>,
    ) -> Self {
        let says = [forth.into(), back.into()].map(|words| words.map(str::to_owned));
        Self { name: name.to_owned(), says, act }
    }

    /// A step that puts a file somewhere.
    pub(crate) fn file(name: &str, path: PathBuf, wanted: State, forth: String) -> Self {
        let back = format!("puts back what was at {}", path.display());
        Self { name: name.to_owned(), says: [Some(forth), Some(back)], act: Act::File { path, wanted } }
    }

    /// What it does on this way, if anything.
    pub(crate) fn words(&self, way: Way) -> Option<&str> {
        let [forth, back] = &self.says;
        match way {
            Way::Takeover => forth.as_deref(),
            Way::Release => back.as_deref(),
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It is done.
    Done(Option<String>),
    /// It would be done.
    Would,
    /// All is so already.
    Already,
    /// It cannot be done here, which leaves the others standing.
    Skipped(String),
    /// It is not for us to do; a person has to look.
    Refused(String),
    /// It went wrong; what follows it is left alone.
    Failed(String),
}

impl Ended {
    /// One word, for scripts too.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Would => "would",
            Self::Already => "already",
            Self::Skipped(_) => "skipped",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
        }
    }

    /// What there is to be said of it.
    pub(crate) fn why(&self) -> Option<&str> {
        match self {
            Self::Done(why) => why.as_deref(),
            Self::Would | Self::Already => None,
            Self::Skipped(why) | Self::Refused(why) | Self::Failed(why) => Some(why),
        }
    }

    /// Whether something is left to be done.
    pub(crate) fn is_bad(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Failed(_))
    }
}
