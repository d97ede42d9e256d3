//! What a requester says about itself and its request. Nobody has checked any of it, and the screen says so.

use serde::{Deserialize, Serialize};

use crate::bounded::{List, Text};

/// The requester's own words. All of it is optional; none of it decides anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The application behind a proxy such as `sd-agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
    /// What the requester calls the thing it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<Text<1024>>,
    /// For a signature: the repository's directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Text<1024>>,
    /// For a signature: the branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Text<256>>,
    /// For a commit: the changed files, at most 500 of them.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub files: List<ChangedFile, 500>,
    /// How many more files have changed than `files` holds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files_omitted: u32,
    /// For a commit: why the objects that would prove its files were not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproved: Option<Text<256>>,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// A process, by what pins it: its id and its start time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The process id.
    pub pid: u32,
    /// When it started, in clock ticks since boot (proc(5), `/proc/pid/stat` field 22).
    pub start: u64,
    /// The path of its executable, which only its own uid can read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<Text<1024>>,
}

/// One file of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangedFile {
    /// What happened to it, as `git diff-tree --name-status` writes it: `A`, `M`, `D`, `T`, …
    pub status: Text<8>,
    /// Its path.
    pub path: Text<1024>,
}
