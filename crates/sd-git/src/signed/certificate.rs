//! A push certificate: what `git push --signed` has signed (git's Documentation/gitformat-signature).
//!
//! No library reads these. The form is strict here: what git's own `generate_push_cert` would not write, in its order,
//! is unknown data.

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::bstr::ByteSlice;
use gix_object::date::parse_header;
use sd_wire::printable::Printable;

use super::Signed;
use super::header::{date, fact, timestamp};

const FIRST: &[u8] = b"certificate version 0.1";

pub(super) fn read(untrusted: &[u8]) -> Option<Signed> {
    // Each line ends with a newline, also the last one; a NUL or a CR is no part of what git writes.
    let lines = untrusted.strip_suffix(b"\n")?.split(|byte| *byte == b'\n');
    let mut lines = lines.peekable();
    if untrusted.contains(&0) || lines.next()? != FIRST {
        return None;
    }
    let pusher = lines.next()?.strip_prefix(b"pusher ")?;
    let (who, when) = split_time(pusher)?;
    let mut facts = vec![fact("pusher", who), ("date".to_owned(), when)];
    for (name, many) in [("pushee", false), ("nonce", false), ("push-option", true)] {
        let start = format!("{name} ");
        while let Some(line) = lines.next_if(|line| line.starts_with(start.as_bytes())) {
            facts.push(fact(name, line.get(start.len()..)?));
            if !many {
                break;
            }
        }
    }
    if !lines.next()?.is_empty() {
        return None;
    }
    let text: Vec<Printable> = lines.map(update).collect::<Option<_>>()?;
    if text.is_empty() {
        return None;
    }
    Some(Signed { what: "git push certificate".to_owned(), facts, text, rest: Vec::new() })
}

/// `Ada <ada@example.org> 1700000000 +0100`: who, and when.
fn split_time(pusher: &[u8]) -> Option<(&[u8], Printable)> {
    let mut from_the_end = pusher.rsplitn(3, |byte| *byte == b' ');
    let (zone, seconds, who) = (from_the_end.next()?, from_the_end.next()?, from_the_end.next()?);
    let written = format!("{} {}", seconds.to_str().ok()?, zone.to_str().ok()?);
    let time = parse_header(&written)?;
    // What the reader of dates passes over would not be shown.
    (timestamp(time) == written).then(|| (who, date(time)))
}

/// `OLD NEW REF`, as what it does.
fn update(line: &[u8]) -> Option<Printable> {
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let (old, new, name) = (id(words.next()?)?, id(words.next()?)?, words.next()?);
    if name.is_empty() || old.kind() != new.kind() {
        return None;
    }
    // The name stands last: whatever is in it, it cannot look like more than a name.
    let does = match (old.is_null(), new.is_null()) {
        (true, true) => return None,
        (true, false) => format!("creates at {new}: "),
        (false, true) => format!("DELETES, was at {old}: "),
        (false, false) => format!("moves from {old} to {new}: "),
    };
    Some(Printable::bytes(&[does.as_bytes(), name].concat()))
}

fn id(untrusted: &[u8]) -> Option<ObjectId> {
    let long = [Hash::Sha1, Hash::Sha256].iter().any(|hash| hash.len_in_hex() == untrusted.len());
    let lower = untrusted.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (long && lower).then(|| ObjectId::from_hex(untrusted).ok()).flatten()
}
