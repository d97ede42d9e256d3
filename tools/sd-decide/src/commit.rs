//! What would be signed, as its own bytes say it.
//!
//! Everything that is signed is shown, or it is not signed: a payload is parsed, written again from what was parsed
//! and compared. What does not come out the same, byte for byte, is shown as it is, as unknown data.

use gix_hash::Kind as Hash;
use gix_object::bstr::{BStr, ByteSlice};
use gix_object::date::Time;
use gix_object::{CommitRef, TagRef, WriteTo};
use sd_wire::printable::Printable;

use crate::dates;

/// The most lines that are shown, and so signed: each costs memory far beyond its bytes.
const MOST_LINES: usize = 20_000;
/// The longest name of a header that is shown in full before its value, in columns.
const LONGEST_NAME: usize = 11;

/// The names under which this section shows what it knows. No header of another meaning may stand under one of them.
const OURS: [&str; 13] = [
    "tree",
    "parent",
    "author",
    "committer",
    "encoding",
    "object",
    "type",
    "tag",
    "tagger",
    "date",
    "kind",
    "message",
    "bytes",
];

/// A payload, ready for the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    /// What it is: `git commit`, `git tag`, or `unknown data, N bytes`.
    pub(crate) what: String,
    /// Its headers that a person decides by, in this order.
    pub(crate) facts: Vec<(String, Printable)>,
    /// Its message, or its lines when it is unknown data.
    pub(crate) text: Vec<Printable>,
    /// Its other headers.
    pub(crate) rest: Vec<(String, Printable)>,
}

impl Signed {
    /// Whether the bytes have few enough lines to be shown.
    pub(crate) fn fits(untrusted: &[u8]) -> bool {
        untrusted.lines().count() <= MOST_LINES
    }

    /// Reads the bytes, whatever they are.
    pub(crate) fn read(untrusted: &[u8]) -> Self {
        let hashes = [Hash::Sha1, Hash::Sha256];
        let read = hashes.iter().find_map(|hash| commit(untrusted, *hash).or_else(|| tag(untrusted, *hash)));
        read.unwrap_or_else(|| unknown(untrusted))
    }

    /// Whether it is neither a commit nor a tag.
    pub(crate) fn is_unknown(&self) -> bool {
        self.facts.is_empty()
    }
}

fn commit(untrusted: &[u8], hash: Hash) -> Option<Signed> {
    let commit = CommitRef::from_bytes(untrusted, hash).ok()?;
    if !is_written_as(&commit, untrusted) {
        return None;
    }
    let (author, committer) = (commit.author().ok()?, commit.committer().ok()?);
    if !is_whole(commit.author, author.name, author.email, author.time().ok()?)
        || !is_whole(commit.committer, committer.name, committer.email, committer.time().ok()?)
    {
        return None;
    }
    let mut facts = Vec::from(person("author", author.name, author.email, date(author.time(), author.time)));
    facts.extend(person(
        "committer",
        committer.name,
        committer.email,
        date(committer.time(), committer.time),
    ));
    let mut rest = vec![fact("tree", commit.tree)];
    rest.extend(commit.parents.iter().map(|parent| fact("parent", parent)));
    if commit.parents.is_empty() {
        rest.push(("parent".to_owned(), Printable::line("none: the first commit of its history")));
    }
    rest.extend(commit.encoding.map(|encoding| fact("encoding", encoding)));
    for (name, value) in &commit.extra_headers {
        let name = extra_name(name)?;
        rest.extend(lines(value.as_ref()).into_iter().map(|line| (name.to_owned(), line)));
    }
    Some(Signed { what: "git commit".to_owned(), facts, text: lines(commit.message), rest })
}

fn tag(untrusted: &[u8], hash: Hash) -> Option<Signed> {
    let tag = TagRef::from_bytes(untrusted, hash).ok()?;
    if !is_written_as(&tag, untrusted) {
        return None;
    }
    let mut facts = vec![fact("tag", tag.name)];
    if let (Some(raw), Some(tagger)) = (tag.tagger, tag.tagger().ok()?) {
        if !is_whole(raw, tagger.name, tagger.email, tagger.time().ok()?) {
            return None;
        }
        facts.extend(person("tagger", tagger.name, tagger.email, date(tagger.time(), tagger.time)));
    }
    let mut text = lines(tag.message);
    text.extend(tag.signature.map(lines).unwrap_or_default());
    let rest =
        vec![(String::from("object"), Printable::line(&format!("{} ({})", tag.target, tag.target_kind)))];
    Some(Signed { what: "git tag".to_owned(), facts, text, rest })
}

fn unknown(untrusted: &[u8]) -> Signed {
    Signed {
        what: format!("unknown data, {} bytes", untrusted.len()),
        facts: Vec::new(),
        text: lines(untrusted.as_bstr()),
        rest: Vec::new(),
    }
}

/// The name of a header that git adds beside its usual ones. `None` when it could be taken for something else on the
/// screen: for a usual one (a second `parent`, a `Parent`, an `encoding` further down), or for a mark.
fn extra_name(name: &[u8]) -> Option<&str> {
    let name = str::from_utf8(name).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
    // It stands before each of its lines: a long one would be cut there, and be many times its length here.
    let fits = name.len() <= LONGEST_NAME && name.starts_with(|c: char| c.is_ascii_alphabetic());
    let ours = OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours));
    (fits && name.chars().all(plain) && !ours).then_some(name)
}

fn is_written_as(object: &impl WriteTo, bytes: &[u8]) -> bool {
    let mut again = Vec::with_capacity(bytes.len());
    object.write_to(&mut again).is_ok() && again == bytes
}

/// Whether name, address and time are all that the line has: what the reader passes over would not be shown.
fn is_whole(line: &BStr, name: &BStr, email: &BStr, time: Time) -> bool {
    let minutes = time.offset.unsigned_abs() / 60;
    let sign = if time.offset < 0 { '-' } else { '+' };
    let when = format!("> {} {sign}{:02}{:02}", time.seconds, minutes / 60, minutes % 60);
    line.as_bytes() == [name.as_bytes(), b" <", email.as_bytes(), when.as_bytes()].concat()
}

/// A person as `name <email>`, and a date.
fn person(role: &str, name: &BStr, email: &BStr, date: String) -> [(String, Printable); 2] {
    let who = [name.as_bytes(), b" <", email.as_bytes(), b">"].concat();
    [(role.to_owned(), Printable::bytes(&who)), ("date".to_owned(), Printable::line(&date))]
}

/// A date as it is read, or as it is written when it cannot be read.
fn date<E>(read: Result<gix_object::date::Time, E>, written: &str) -> String {
    read.map_or_else(|_| written.to_owned(), dates::of_commit)
}

fn fact(name: &str, value: &BStr) -> (String, Printable) {
    (name.to_owned(), Printable::bytes(value))
}

/// Every line; the newline at the very end begins none.
fn lines(text: &BStr) -> Vec<Printable> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.split(|byte| *byte == b'\n').map(Printable::bytes).collect()
}

#[cfg(test)]
mod tests;
