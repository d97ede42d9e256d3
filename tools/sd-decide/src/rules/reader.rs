//! From the text of a file to drafts of rules: which words there are, and what each may hold.

use std::collections::BTreeMap;
use std::time::Duration;

use sd_wire::bounded::Text;
use sd_wire::metadata::Metadata;
use sd_wire::pattern::Pattern;
use sd_wire::printable::Printable;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::rules::invalid::Invalid;
use crate::rules::kind::{KINDS, Kind};
use crate::rules::rule::{Then, When};
use crate::rules::{MAX_FILE, MAX_RULES, Rules, sense};

/// The words that a rule may hold.
const WORDS: &str =
    "name; kind, item, collection, label, attributes, key, process; deny, hide, confirm, expire, rate";
/// The most characters of a rule's name.
const MAX_NAME: usize = 64;
/// The most asks of a rate: more is no limit.
const MAX_RATE: u32 = 600;
/// The least and the most seconds for an ask to wait.
const EXPIRE: std::ops::RangeInclusive<u64> = 5..=sd_wire::deadline::ASK_MOST.as_secs();

/// A rule as it is written, with where its words stand.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Where it begins, in bytes into the text.
    pub(super) begin: usize,
    /// Its name.
    pub(super) name: Option<String>,
    /// Its matchers.
    pub(super) when: When,
    /// Its effects.
    pub(super) then: Then,
    /// Where each word's value stands, in bytes into the text.
    pub(super) places: BTreeMap<String, usize>,
}

/// What is wrong with a value, and how many bytes into the text.
type Fault = (usize, String);
type Value<'t> = Spanned<DeValue<'t>>;
type Key<'t> = Spanned<DeString<'t>>;

/// The rules of a text, and its setting.
///
/// # Errors
/// [`Invalid`], with the first place at fault.
pub(super) fn rules(text: &str) -> Result<Rules, Invalid> {
    if text.len() > MAX_FILE {
        return Err(Invalid::at(text, MAX_FILE, format!("a file of rules has at most {MAX_FILE} bytes")));
    }
    let table = DeTable::parse(text).map_err(|why| {
        Invalid::at(text, why.span().map_or(0, |span| span.start), format!("not TOML: {}", why.message()))
    })?;
    let (metadata, drafts) = file(table.get_ref()).map_err(|(offset, why)| Invalid::at(text, offset, why))?;
    Ok(Rules { rules: sense::rules(text, drafts)?, metadata })
}

fn file(table: &DeTable<'_>) -> Result<(Metadata, Vec<Draft>), Fault> {
    let words = in_order(table);
    let Some((first, _)) = words.first() else { return Ok(Default::default()) };
    let version = words.iter().find(|(key, _)| key.get_ref() == "version");
    let (mut metadata, mut drafts) = (Metadata::default(), Vec::new());
    // First, as the words of another version may be others.
    match version {
        Some((_, value)) if number(value) == Some(1) => {}
        Some((_, value)) => return Err(fault(value, "this sd-decide reads rules of `version = 1`")),
        None => {
            return Err((first.span().start, "the file must say `version = 1` before its rules".to_owned()));
        }
    }
    for (key, value) in words {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("version", _) => {}
            ("metadata", _) => metadata = setting(value)?,
            ("rule", DeValue::Array(rules)) => {
                for (n, rule) in rules.iter().enumerate() {
                    if n >= MAX_RULES {
                        return Err(fault(rule, &format!("a file has at most {MAX_RULES} rules")));
                    }
                    drafts.push(draft(rule)?);
                }
            }
            ("rule", _) => {
                return Err((key.span().start, "a rule begins with [[rule]], in two brackets".to_owned()));
            }
            (other, _) => {
                return Err(unknown(
                    key,
                    other,
                    "beside `version` there are only `metadata` and [[rule]] tables",
                ));
            }
        }
    }
    Ok((metadata, drafts))
}

fn draft(value: &Value<'_>) -> Result<Draft, Fault> {
    let DeValue::Table(table) = value.get_ref() else {
        return Err(fault(value, "a rule begins with [[rule]], in two brackets"));
    };
    let mut draft = Draft { begin: value.span().start, ..Draft::default() };
    for (key, value) in in_order(table) {
        let word = key.get_ref().as_ref();
        draft.places.insert(word.to_owned(), value.span().start);
        let (when, then) = (&mut draft.when, &mut draft.then);
        match word {
            "name" => draft.name = Some(name(value)?),
            "kind" => when.kinds = kinds(value)?,
            "item" => when.item = Some(pattern(value)?),
            "collection" => when.collection = Some(pattern(value)?),
            "label" => when.label = Some(pattern(value)?),
            "attributes" => when.attributes = attributes(value)?,
            "key" => when.key = Some(fingerprint(value)?),
            "process" => when.process = Some(pattern(value)?),
            "deny" => then.deny = yes(value)?,
            "hide" => then.hide = yes(value)?,
            "confirm" => then.code = code(value)?,
            "expire" => then.expire = Some(expire(value)?),
            "rate" => then.rate = Some(rate(value)?),
            other => {
                let what = format!("a rule only restricts, and may hold {WORDS}");
                return Err(unknown(key, other, &what));
            }
        }
    }
    Ok(draft)
}

fn setting(value: &Value<'_>) -> Result<Metadata, Fault> {
    let words = || Metadata::ALL.map(|word| format!("\"{}\"", word.as_str())).join(", ");
    Metadata::named(string(value)?).ok_or_else(|| fault(value, &format!("`metadata` is one of {}", words())))
}

fn name(value: &Value<'_>) -> Result<String, Fault> {
    let text = string(value)?;
    let plain = Printable::line(text).as_str() == text && text.trim() == text;
    if !plain || text.is_empty() || text.chars().count() > MAX_NAME {
        return Err(fault(
            value,
            "a name is 1 to 64 printable characters, without a backslash or a space at either end",
        ));
    }
    Ok(text.to_owned())
}

fn kinds(value: &Value<'_>) -> Result<Vec<&'static Kind>, Fault> {
    let DeValue::Array(array) = value.get_ref() else { return Ok(vec![kind(value)?]) };
    let mut kinds = Vec::new();
    for value in array {
        let kind = kind(value)?;
        if kinds.contains(&kind) {
            return Err(fault(value, &format!("`{kind}` stands here already")));
        }
        kinds.push(kind);
    }
    if kinds.is_empty() {
        return Err(fault(value, "no kind at all would never fit; leave `kind` out to mean all kinds"));
    }
    Ok(kinds)
}

fn kind(value: &Value<'_>) -> Result<&'static Kind, Fault> {
    let text = string(value)?;
    let known = || KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    match Kind::named(text) {
        Some(kind) => Ok(kind),
        None if text == "lock" => {
            Err(fault(value, "nobody can be kept from locking: that would restrict nothing"))
        }
        None => Err(fault(value, &format!("there is no kind `{}`; there are {}", quoted(text), known()))),
    }
}

fn pattern(value: &Value<'_>) -> Result<Pattern, Fault> {
    Pattern::new(string(value)?).map_err(|why| fault(value, why))
}

fn attributes(value: &Value<'_>) -> Result<BTreeMap<Text<256>, Pattern>, Fault> {
    let DeValue::Table(table) = value.get_ref() else {
        return Err(fault(value, "`attributes` is a table, such as { service = \"bank*\" }"));
    };
    let mut attributes = BTreeMap::new();
    for (key, value) in in_order(table) {
        let name = Text::new(key.get_ref().as_ref())
            .map_err(|_| (key.span().start, "an attribute's name has at most 256 bytes".to_owned()))?;
        attributes.insert(name, pattern(value)?);
    }
    if attributes.is_empty() {
        return Err(fault(
            value,
            "no attribute at all matches nothing in particular; leave `attributes` out",
        ));
    }
    Ok(attributes)
}

fn fingerprint(value: &Value<'_>) -> Result<String, Fault> {
    let text = string(value)?;
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) || !(16..=64).contains(&text.len()) {
        return Err(fault(
            value,
            "a key is its fingerprint or the end of it: 16 to 64 hexadecimal digits, without spaces or 0x",
        ));
    }
    Ok(text.to_ascii_uppercase())
}

fn yes(value: &Value<'_>) -> Result<bool, Fault> {
    match value.get_ref() {
        DeValue::Boolean(true) => Ok(true),
        _ => Err(fault(value, "only `true` can stand here; leave the line out for the opposite")),
    }
}

fn code(value: &Value<'_>) -> Result<bool, Fault> {
    match value.get_ref() {
        DeValue::String(text) if text == "code" => Ok(true),
        _ => Err(fault(value, "only \"code\" can stand here")),
    }
}

fn expire(value: &Value<'_>) -> Result<Duration, Fault> {
    match number(value) {
        Some(seconds) if EXPIRE.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(fault(
            value,
            &format!("a whole number of seconds from {} to {}", EXPIRE.start(), EXPIRE.end()),
        )),
    }
}

fn rate(value: &Value<'_>) -> Result<(u32, Duration), Fault> {
    let read = || {
        let (most, unit) = string(value).ok()?.split_once('/')?;
        let window = match unit {
            "min" => Duration::from_secs(60),
            "hour" => Duration::from_secs(3600),
            _ => return None,
        };
        let digits = most.bytes().all(|byte| byte.is_ascii_digit());
        let most = most.parse().ok().filter(|most| digits && (1..=MAX_RATE).contains(most))?;
        Some((most, window))
    };
    let expected =
        format!("a rate is \"N/min\" or \"N/hour\" with N from 1 to {MAX_RATE}; for none at all use `deny`");
    read().ok_or_else(|| fault(value, &expected))
}

fn string<'v>(value: &'v Value<'_>) -> Result<&'v str, Fault> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text),
        _ => Err(fault(value, "a text in quotes must stand here")),
    }
}

fn number(value: &Value<'_>) -> Option<u64> {
    let integer = value.get_ref().as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// The table's entries as they are written: the first fault is named, not the first by the alphabet.
fn in_order<'v, 't>(table: &'v DeTable<'t>) -> Vec<(&'v Key<'t>, &'v Value<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn fault(value: &Value<'_>, why: &str) -> Fault {
    (value.span().start, why.to_owned())
}

fn unknown(key: &Key<'_>, word: &str, allowed: &str) -> Fault {
    (key.span().start, format!("unknown word `{}`: {allowed}", quoted(word)))
}

/// So much of a word that it can be told.
fn quoted(word: &str) -> String {
    word.chars().take(MAX_NAME).collect()
}
