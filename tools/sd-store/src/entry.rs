//! What is in one file: the secret on the first line, then lines `name: value` (docs/store.md, "An entry").
//!
//! The lines are those of gopass-secret-service, whose own begin with `_ss_`. Two more of that kind are ours, for what
//! would not survive as a line: `_ss_encoding: base64` says so of the first line, and `_ss_attribute: NAME VALUE` holds
//! an attribute in base64. Others read the first line as it is, and leave lines of that kind alone.

use std::collections::BTreeMap;

use sd_sys::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::{base64, moment};

/// How the names begin that are about an entry, and none of its attributes.
const OWN: &str = "_ss_";
const LABEL: &str = "_ss_label";
const LABEL_AS_IT_IS: &str = "_ss_label_base64";
const CREATED: &str = "_ss_created";
const MODIFIED: &str = "_ss_modified";
const CONTENT_TYPE: &str = "_ss_content_type";
const ENCODING: &str = "_ss_encoding";
const ATTRIBUTE: &str = "_ss_attribute";
const BASE64: &str = "base64";
const TEXT: &str = "text/plain";

/// All that an entry tells but its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) label: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) content_type: String,
    /// Seconds since 1970; 0 when the entry does not say.
    pub(crate) created: u64,
    pub(crate) modified: u64,
}

impl Facts {
    /// About how much memory it takes.
    pub(crate) fn size(&self) -> usize {
        let pairs = self.attributes.iter().map(|(name, value)| name.len() + value.len() + 64);
        pairs.sum::<usize>() + self.label.len() + self.content_type.len() + 256
    }
}

/// What an entry tells of itself.
pub(crate) fn facts(text: &[u8]) -> Facts {
    let mut facts = Facts { content_type: TEXT.to_owned(), ..Facts::default() };
    let mut exact = None;
    for (name, value) in pairs(text) {
        match name {
            LABEL => facts.label = value.to_owned(),
            LABEL_AS_IT_IS => exact = base64::decode_text(value.as_bytes()),
            CREATED => facts.created = moment::read(value).unwrap_or(0),
            MODIFIED => facts.modified = moment::read(value).unwrap_or(0),
            CONTENT_TYPE => facts.content_type = value.to_owned(),
            ATTRIBUTE => facts.attributes.extend(decoded(value)),
            _ if name.starts_with(OWN) => {}
            _ => {
                // The first of a name counts, as for gopass.
                facts.attributes.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            }
        }
    }
    if let Some(exact) = exact {
        facts.label = exact;
    }
    facts
}

/// What a name is said to be, in an entry that is about names: aliases, a collection.
pub(crate) fn value<'a>(text: &'a [u8], wanted: &str) -> Option<&'a str> {
    pairs(text).find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// The names and values of an entry's lines, in their order.
pub(crate) fn pairs(text: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    lines(text).skip(1).filter_map(pair)
}

/// The secret of an entry.
pub(crate) fn secret(text: &[u8]) -> Result<Secret, Fault> {
    let first = lines(text).next().unwrap_or_default();
    if value(text, ENCODING) == Some(BASE64) {
        return base64::decode(first)?
            .ok_or_else(|| Fault::Wrong("an entry says that its secret is base64, which it is not".into()));
    }
    copied(first)
}

/// An entry with this secret and these facts. What else stood in it is kept: free text of somebody's own.
pub(crate) fn compose(facts: &Facts, secret: &Secret, before: &[u8]) -> Result<Secret, Fault> {
    let mut head = String::new();
    let mut line = |name: &str, value: &str| {
        head.extend([name, ": ", value, "\n"]);
    };
    if is_plain(&facts.label) {
        line(LABEL, &facts.label);
    } else {
        line(LABEL, facts.label.replace(char::is_control, " ").trim());
        line(LABEL_AS_IT_IS, &base64::text(facts.label.as_bytes()));
    }
    line(CREATED, &moment::write(facts.created));
    line(MODIFIED, &moment::write(facts.modified));
    line(CONTENT_TYPE, if is_plain(&facts.content_type) { &facts.content_type } else { TEXT });
    for (name, value) in &facts.attributes {
        if is_name(name) && is_plain(value) {
            line(name, value);
        } else {
            let both = [base64::text(name.as_bytes()), base64::text(value.as_bytes())];
            line(ATTRIBUTE, &both.join(" "));
        }
    }
    let free = |line: &&[u8]| pair(bare(line)).is_none() && !is_marker(line);
    let kept: Vec<&[u8]> = whole_lines(before).skip(1).filter(free).collect();
    written(secret, head.as_bytes(), &kept)
}

/// The same entry with another secret, all else as it was.
pub(crate) fn with_secret(secret: &Secret, before: &[u8]) -> Result<Secret, Fault> {
    let other = |line: &&[u8]| pair(bare(line)).is_none_or(|(name, _)| name != ENCODING);
    let kept: Vec<&[u8]> = whole_lines(before).skip(1).filter(other).collect();
    written(secret, b"", &kept)
}

/// An entry that is about names, with a first line that says what it is.
pub(crate) fn of_names<'a>(
    first: &str,
    names: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Secret, Fault> {
    let mut text = format!("{first}\n");
    for (name, value) in names {
        if !is_name_of_ours(name) || !is_plain(value) {
            return Err(Fault::Invalid("names have no line breaks, and no blanks around them"));
        }
        text.extend([name, ": ", value, "\n"]);
    }
    copied(text.as_bytes())
}

fn written(secret: &Secret, head: &[u8], kept: &[&[u8]]) -> Result<Secret, Fault> {
    let bytes = secret.expose();
    let encoded = !is_first_line(bytes);
    let encoding = format!("{ENCODING}: {BASE64}\n");
    let first = if encoded { base64::encoded_len(bytes.len()) + encoding.len() } else { bytes.len() };
    let rest: usize = kept.iter().map(|line| line.len() + 1).sum();
    let mut text = Secret::with_capacity(first + 1 + head.len() + rest).map_err(Fault::NoMemory)?;
    let full = |_| Fault::TooLarge("the entry is too large");
    if encoded {
        base64::encode(bytes, |four| text.push(four).map_err(full))?;
    } else {
        text.push(bytes).map_err(full)?;
    }
    text.push(b"\n").map_err(full)?;
    if encoded {
        text.push(encoding.as_bytes()).map_err(full)?;
    }
    text.push(head).map_err(full)?;
    for line in kept {
        text.push(line).map_err(full)?;
        text.push(b"\n").map_err(full)?;
    }
    Ok(text)
}

fn copied(bytes: &[u8]) -> Result<Secret, Fault> {
    let copied = Secret::fill(bytes.len(), |room| {
        room.copy_from_slice(bytes);
        Some(room.len())
    });
    copied.map_err(Fault::NoMemory)?.ok_or(Fault::TooLarge("the entry is too large"))
}

/// Lines as gopass and pass have them: a carriage return at the end is none of theirs.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    whole_lines(text).map(bare)
}

/// Lines with that, for what is written again as it was.
fn whole_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n')
}

fn bare(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn pair(line: &[u8]) -> Option<(&str, &str)> {
    let line = std::str::from_utf8(line).ok()?;
    let (name, value) = line.split_once(": ")?;
    let name = name.trim();
    (!name.is_empty()).then_some((name, value))
}

fn decoded(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once(' ')?;
    Some((base64::decode_text(name.as_bytes())?, base64::decode_text(value.as_bytes())?))
}

/// What gopass takes for the beginning of YAML, where it stands on a line.
fn is_marker(line: &[u8]) -> bool {
    line.starts_with(b"---")
}

/// Whether a secret can stand on the first line, for everybody who reads it.
fn is_first_line(bytes: &[u8]) -> bool {
    !bytes.contains(&b'\n')
        && !bytes.ends_with(b"\r")
        && !is_marker(bytes)
        // What gopass takes for its old format.
        && !bytes.starts_with(b"GOPASS-SECRET-")
}

/// Whether a text is the same after it stood on a line: older versions of gopass cut blanks off.
fn is_plain(text: &str) -> bool {
    !text.contains(char::is_control) && text.trim() == text
}

/// Whether an attribute of this name is the same after it stood on a line.
fn is_name(name: &str) -> bool {
    is_name_of_ours(name) && !name.starts_with(OWN)
}

fn is_name_of_ours(name: &str) -> bool {
    is_plain(name) && !name.is_empty() && !name.contains(": ") && !is_marker(name.as_bytes())
}

#[cfg(test)]
mod tests;
