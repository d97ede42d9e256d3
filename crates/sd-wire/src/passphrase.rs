//! `sd-pinentry` or `sd-fetch` → `sd-decide`, and the answer back: one connection a passphrase.
//!
//! The passphrase itself is never in a line: after [`Note::Entered`] it follows as one raw packet, and then the end.

use serde::{Deserialize, Serialize};

use crate::bounded::{List, Text};
use crate::line::Words;

/// The most bytes of a passphrase.
pub const MAX_PASSPHRASE: usize = 1024;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Packet {
    /// That a person type a passphrase. No descriptors.
    Passphrase(Box<Wanted>),
}

impl Words for Packet {
    const NAME: &'static str = "passphrase";
}

/// A passphrase that is wanted, as the program that will use it describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// What it unlocks.
    pub unlocks: Unlocks,
    /// What gpg-agent or the backend says about it, a line each.
    pub lines: List<Text<512>, 16>,
    /// What was wrong with the last one, such as `Bad Passphrase`.
    pub wrong: Option<Text<256>>,
    /// The number of this try and the most tries, if that is known: `(2, 3)`.
    pub tries: Option<(u8, u8)>,
}

/// What a passphrase unlocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Unlocks {
    /// A key of gpg-agent.
    Key {
        /// Its keygrip, or whatever gpg-agent calls it; may be empty.
        grip: Text<128>,
    },
    /// A collection of the backend.
    Collection {
        /// Its label.
        label: Text<1024>,
    },
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Note {
    /// It was typed: `len` bytes follow as one raw packet, then the connection ends.
    Entered {
        /// Its length in bytes, at most [`MAX_PASSPHRASE`]; may be 0.
        len: u32,
    },
    /// A person pressed Esc.
    Dismissed {},
    /// Nobody typed it in time, or nothing needs it any more.
    Expired {},
    /// Nothing is under way that could need it, or too much is.
    Refused {},
}

impl Words for Note {
    const NAME: &'static str = "note about a passphrase";
}
