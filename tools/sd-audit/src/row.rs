//! A line of the record as a line for a person.

use sd_wire::ask::Resolution;
use sd_wire::printable::Printable;

use crate::entry::{Entry, Own};
use crate::failure::Failure;
use crate::paper::{Ink, Paper};

/// The most characters of what outside text a line shows.
const WIDE: usize = 120;

/// The words above the columns.
pub(crate) fn heading(json: bool, paper: &mut Paper) -> Result<(), Failure> {
    if json {
        return Ok(());
    }
    let words = row("LINE", "TIME (UTC)", "EVENT", "KIND", "HOW", "OUTCOME", "ASK") + "WHO AND WHAT";
    let words = paper.paint(Ink::Heading, &words);
    paper.line(&words).map_err(Failure::Output)
}

fn row(seq: &str, time: &str, event: &str, kind: &str, how: &str, outcome: &str, ask: &str) -> String {
    format!("{seq:>7}  {time:<19}  {event:<8}  {kind:<11}  {how:<13}  {outcome:<9}  {ask:<8}  ")
}

/// A line, as it is or in words.
pub(crate) fn print(bytes: &[u8], entry: &Entry, json: bool, paper: &mut Paper) -> Result<(), Failure> {
    if json {
        return paper.bytes(bytes).and_then(|()| paper.bytes(b"\n")).map_err(Failure::Output);
    }
    let (text, ink) = (told(entry), ink(entry));
    let text = paper.paint(ink, &text);
    paper.line(&text).map_err(Failure::Output)
}

fn ink(entry: &Entry) -> Ink {
    let told = &entry.told;
    match (told.is_own(), told.ended) {
        (Some(Own::Broken), _) | (_, Some(Resolution::Denied | Resolution::Failed | Resolution::Expired)) => {
            Ink::Bad
        }
        (Some(_), _) => Ink::Faint,
        _ if matches!(told.event.as_str(), "released" | "allowed") => Ink::Good,
        _ => Ink::Plain,
    }
}

/// A line in words. What comes from outside is made fit for a terminal, whoever wrote it.
fn told(entry: &Entry) -> String {
    let told = &entry.told;
    let short = |text: &str, most| Printable::line(text).beginning(most).to_string();
    let how = match (told.how.as_deref(), told.number, told.seconds) {
        (Some(how), Some(number), _) => format!("{how} {number}"),
        (Some(how), _, Some(seconds)) => format!("{how} {seconds} s"),
        (how, ..) => how.unwrap_or_default().to_owned(),
    };
    let time = entry.time.get(..19).unwrap_or(&entry.time).replace('T', " ");
    let mut text = row(
        &entry.seq.to_string(),
        &short(&time, 19),
        &short(&told.event, 12),
        &short(&told.kind, 16),
        &short(&how, 24),
        told.ended.map_or("", Resolution::as_str),
        told.ask.as_ref().and_then(|ask| ask.as_str().get(..8)).unwrap_or_default(),
    );
    let mut more = Vec::new();
    if let Some(rule) = &told.rule {
        more.push(format!("rule {}", short(rule, 40)));
    }
    if let Some(who) = &told.attested {
        let looks = told.claimed.as_ref().map(|claimed| short(&claimed.looks, 40)).unwrap_or_default();
        let looks = if looks.is_empty() { looks } else { format!(" (looks like {looks})") };
        more.push(format!("pid {} of uid {}{looks}", who.pid, who.uid));
    }
    if let Some(what) = &told.what {
        more.push(short(&what.words, WIDE));
        if let Some(signed) = &what.signed {
            let key = signed.key.map(|key| format!(" with {key}")).unwrap_or_default();
            more.push(format!("{} sha256 {}{key}", short(&signed.sort, 20), signed.payload.as_str()));
        }
    }
    if let Some(why) = &told.why {
        // As a sentence, where it is one of this version.
        let fault = serde_json::from_value::<sd_wire::fault::Fault>(why.clone());
        more.push(fault.map_or_else(|_| short(&why.to_string(), WIDE), |fault| fault.to_string()));
    }
    if let Some(note) = &told.note {
        more.push(short(note, 2 * WIDE));
    }
    more.retain(|part| !part.is_empty());
    text.push_str(&more.join("; "));
    text
}

#[cfg(test)]
mod tests {
    use sd_wire::bounded::Text;
    use sd_wire::record::{Attested, Claimed, Matter};

    use super::*;
    use crate::entry::{Told, VERSION};

    fn hostile() -> Entry {
        let hostile = "\u{1b}[2J\u{202e}x\n";
        Entry {
            v: VERSION,
            seq: 7,
            time: format!("{hostile}2026-11-22T14:03:22.123456Z"),
            boot: hostile.into(),
            told: Told {
                event: hostile.into(),
                kind: hostile.into(),
                how: Some(hostile.into()),
                rule: Some(hostile.into()),
                attested: Some(Attested {
                    pid: 1,
                    uid: 2,
                    gid: 3,
                    start: None,
                    pinned: false,
                    parents: Default::default(),
                }),
                claimed: Some(Box::new(Claimed { looks: Text::new(hostile).unwrap(), ..Claimed::default() })),
                what: Some(Box::new(Matter { words: Text::new(hostile).unwrap(), ..Matter::default() })),
                why: Some(serde_json::Value::String(hostile.into())),
                note: Some(hostile.into()),
                ..Told::default()
            },
            prev: String::new(),
        }
    }

    #[test]
    fn whoever_wrote_a_line_paints_no_terminal_with_it() {
        let text = told(&hostile());
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\n']), "{text:?}");
        assert!(text.contains("pid 1 of uid 2"), "{text}");
    }
}
