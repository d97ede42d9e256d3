//! The lines in the head of what git has signed.

use gix_object::WriteTo;
use gix_object::bstr::BStr;
use gix_object::date::Time;
use gix_object::date::time::format::ISO8601;
use sd_wire::printable::Printable;

/// The longest name of a header that is shown in full before its value, in columns.
const LONGEST_NAME: usize = 11;

/// The names under which the screen shows what it knows. No header of another meaning may stand under one of them.
const OURS: [&str; 16] = [
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
    "files",
    "refs",
    "against",
];

/// The name of a header that git adds beside its usual ones. `None` when it could be taken for something else on the
/// screen: for a usual one (a second `parent`, a `Parent`, an `encoding` further down), or for a mark.
pub(super) fn extra_name(name: &[u8]) -> Option<&str> {
    let name = str::from_utf8(name).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
    // It stands before each of its lines: a long one would be cut there, and be many times its length here.
    let fits = name.len() <= LONGEST_NAME && name.starts_with(|c: char| c.is_ascii_alphabetic());
    let ours = OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours));
    (fits && name.chars().all(plain) && !ours).then_some(name)
}

/// Whether what was parsed is all that the bytes say, and in the only way in which git says it.
pub(super) fn is_written_as(object: &impl WriteTo, bytes: &[u8]) -> bool {
    let mut again = Vec::with_capacity(bytes.len());
    object.write_to(&mut again).is_ok() && again == bytes
}

/// Whether name, address and time are all that the line has: what the reader passes over would not be shown.
pub(super) fn is_whole(line: &BStr, name: &BStr, email: &BStr, time: Time) -> bool {
    let when = [b"> ", timestamp(time).as_bytes()].concat();
    line == [name, b" <".as_slice(), email, &when].concat()
}

/// A time as git writes it: `1700000000 +0100`.
pub(super) fn timestamp(time: Time) -> String {
    let minutes = time.offset.unsigned_abs() / 60;
    let sign = if time.offset < 0 { '-' } else { '+' };
    format!("{} {sign}{:02}{:02}", time.seconds, minutes / 60, minutes % 60)
}

/// A person as `name <email>`, and a date in the time zone that it names.
pub(super) fn person(role: &str, name: &BStr, email: &BStr, date: Time) -> [(String, Printable); 2] {
    let who = [name, b" <".as_slice(), email, b">"].concat();
    [(role.to_owned(), Printable::bytes(&who)), ("date".to_owned(), self::date(date))]
}

/// A date as a person reads it.
pub(super) fn date(date: Time) -> Printable {
    Printable::line(&date.format_or_unix(ISO8601))
}

pub(super) fn fact(name: &str, value: &[u8]) -> (String, Printable) {
    (name.to_owned(), Printable::bytes(value))
}

/// Every line; the newline at the very end begins none.
pub(super) fn lines(text: &[u8]) -> Vec<Printable> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.split(|byte| *byte == b'\n').map(Printable::bytes).collect()
}
