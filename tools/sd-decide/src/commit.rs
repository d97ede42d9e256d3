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
        let name = Printable::bytes(name).to_string();
        // It stands before each of its lines: a long one would be cut there, and be many times its length here.
        if name.len() > LONGEST_NAME {
            return None;
        }
        rest.extend(value.lines().map(|line| (name.clone(), Printable::bytes(line))));
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
mod tests {
    use super::*;
    use crate::made_up::COMMIT;

    fn fact_of<'a>(signed: &'a Signed, name: &str) -> Vec<&'a str> {
        let all = signed.facts.iter().chain(&signed.rest);
        all.filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect()
    }

    #[test]
    fn a_commit_is_read_in_full() {
        let signed = Signed::read(COMMIT);
        assert_eq!(signed.what, "git commit");
        assert_eq!(fact_of(&signed, "author"), ["Ada Lovelace <ada@example.org>"]);
        assert_eq!(fact_of(&signed, "committer"), ["Grace Hopper <grace@example.org>"]);
        assert_eq!(fact_of(&signed, "date"), ["2023-11-14 23:13:20 +0100", "2023-11-14 22:14:20 +0000"]);
        assert_eq!(fact_of(&signed, "tree"), ["4b825dc642cb6eb9a060e54bf8d69288fbee4904"]);
        let text: Vec<&str> = signed.text.iter().map(Printable::as_str).collect();
        assert_eq!(text, ["engine: count further", "", "The mill had one wheel too few."]);
    }

    #[test]
    fn a_sha256_commit_and_a_tag_are_read() {
        let tree = "a".repeat(64);
        let commit = format!("tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nm\n");
        assert_eq!(Signed::read(commit.as_bytes()).what, "git commit");
        let object = "1".repeat(40);
        let tag = format!("object {object}\ntype commit\ntag v1\ntagger A <a@b> 1700000000 +0000\n\nfirst\n");
        let signed = Signed::read(tag.as_bytes());
        assert_eq!(signed.what, "git tag");
        assert_eq!(fact_of(&signed, "tag"), ["v1"]);
        assert_eq!(fact_of(&signed, "object"), [format!("{object} (commit)")]);
    }

    #[test]
    fn extra_headers_are_shown_line_by_line() {
        let commit = String::from_utf8(COMMIT.to_vec()).unwrap();
        let with = commit.replacen("\n\n", "\nmergetag object 1\n type commit\n tag hidden\n\n", 1);
        let signed = Signed::read(with.as_bytes());
        assert_eq!(fact_of(&signed, "mergetag"), ["object 1", "type commit", "tag hidden"]);
    }

    #[test]
    fn what_is_no_commit_is_shown_as_it_is() {
        for bytes in [
            &b"tree zz\nhello\x1b[2J\n"[..],
            b"\xff\xfe",
            b"",
            b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n",
        ] {
            let signed = Signed::read(bytes);
            assert_eq!(signed.what, format!("unknown data, {} bytes", bytes.len()));
            assert!(signed.is_unknown());
        }
        let text = Signed::read(b"tree zz\nhello\x1b[2J\n").text;
        assert_eq!(text.iter().map(Printable::as_str).collect::<Vec<_>>(), ["tree zz", "hello\\x1b[2J"]);
    }

    #[test]
    fn a_line_of_a_person_with_more_in_it_than_is_shown_is_no_commit() {
        let commit = String::from_utf8(COMMIT.to_vec()).unwrap();
        let (before, after) = commit.split_once("author ").unwrap();
        let (_, after) = after.split_once('\n').unwrap();
        let with = |author: &str| format!("{before}author {author}\n{after}");
        assert_eq!(Signed::read(with("A B <a@b> 17 -0130").as_bytes()).what, "git commit");
        for author in [
            "A <a@b> 17 +9999",
            "A <a@b> 17 +00000000000000",
            "A <a@b> 00000017 +0000",
            "  A   <  a@b  >   17   +0000   ",
            "A <a@b>",
        ] {
            assert!(Signed::read(with(author).as_bytes()).is_unknown(), "{author}");
            let tag = format!("object {}\ntype commit\ntag v\ntagger {author}\n\nm\n", "1".repeat(40));
            assert!(Signed::read(tag.as_bytes()).is_unknown(), "{author}");
        }
    }

    #[test]
    fn a_header_whose_name_would_be_cut_is_shown_as_unknown_data_and_costs_no_more_than_its_bytes() {
        let commit = String::from_utf8(COMMIT.to_vec()).unwrap();
        let long = format!("\n{} x{}\n\n", "n".repeat(1024 * 1024), "\n x".repeat(15_000));
        for header in ["\nauthorising y\n\n", "\nauthorisings y\n\n", &long] {
            let signed = Signed::read(commit.replacen("\n\n", header, 1).as_bytes());
            assert_eq!(signed.is_unknown(), header.len() > 16, "{}", signed.what);
        }
    }

    #[test]
    fn more_lines_than_a_person_can_read_are_not_signed() {
        assert!(Signed::fits(&vec![b'\n'; MOST_LINES]));
        assert!(!Signed::fits(&vec![b'\n'; MOST_LINES + 1]));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_fail(cut in 0_usize..200, at in 0_usize..200, byte: u8) {
            let mut bytes = COMMIT.get(..cut.min(COMMIT.len())).unwrap().to_vec();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            Signed::read(&bytes);
        }
    }
}
