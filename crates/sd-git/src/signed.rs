//! What would be signed, as its own bytes say it.
//!
//! Everything that is signed is shown, or it is not signed: a payload is parsed, written again from what was parsed
//! and compared. What does not come out the same, byte for byte, is shown as it is, as unknown data.

mod certificate;
mod commit;
mod header;
mod tag;
mod unknown;

use gix_hash::Kind as Hash;
use gix_object::bstr::ByteSlice;
use sd_wire::printable::Printable;

/// The most lines that are shown, and so signed: each costs memory far beyond its bytes.
const MOST_LINES: usize = 20_000;

/// A payload, ready for the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What it is: `git commit`, `git tag`, `git push certificate`, or `unknown data, N bytes`.
    pub what: String,
    /// Its headers that a person decides by, in this order.
    pub facts: Vec<(String, Printable)>,
    /// Its message, the refs that a certificate moves, or its lines and then its bytes when it is unknown data.
    pub text: Vec<Printable>,
    /// Its other headers.
    pub rest: Vec<(String, Printable)>,
}

impl Signed {
    /// Whether the bytes make few enough lines to be shown.
    #[must_use]
    pub fn fits(untrusted: &[u8]) -> bool {
        untrusted.lines().count() <= MOST_LINES
    }

    /// Reads the bytes, whatever they are.
    #[must_use]
    pub fn read(untrusted: &[u8]) -> Self {
        let hashes = [Hash::Sha1, Hash::Sha256];
        let object = hashes
            .iter()
            .find_map(|hash| commit::read(untrusted, *hash).or_else(|| tag::read(untrusted, *hash)));
        object.or_else(|| certificate::read(untrusted)).unwrap_or_else(|| unknown::read(untrusted))
    }

    /// What its text is: a message, the refs that a certificate moves, or bytes.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.what.as_str() {
            "git push certificate" => "refs",
            _ if self.is_unknown() => "bytes",
            _ => "message",
        }
    }

    /// Whether it is nothing that git has signed.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.facts.is_empty()
    }
}

#[cfg(test)]
mod tests;
