//! The bottom line while something is typed into it: a command, a filter, a code, a number of minutes.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use sd_wire::ask::Want;
use sd_wire::printable::Printable;

use crate::docket::code::{Code, MOST_WRONG};
use crate::docket::entry::Entry;
use crate::docket::line::Line as Editing;
use crate::docket::mode::{Copying, Minutes, Period, Purpose};
use crate::screen::row;

/// The most lines of completions.
const OFFERS: usize = 3;

/// What is left of the cursor, and the rest.
fn around_cursor(line: &Editing) -> (String, String) {
    let text = line.text();
    (text.chars().take(line.cursor()).collect(), text.chars().skip(line.cursor()).collect())
}

/// What a command or a filter looks like, its completions above it.
pub(super) fn line(line: &Editing, width: usize) -> Vec<Line<'static>> {
    let (before, after) = around_cursor(line);
    let mut lines = offered(&line.offers, width);
    let (sign, hint) = match line.purpose {
        Purpose::Command => (":", "Enter runs it, Tab completes, Esc lets go"),
        Purpose::Filter => ("/", "Enter keeps it, Esc shows all"),
    };
    let (before, after) = (Printable::line(&before), Printable::line(&after));
    // The end that is being typed stays in sight.
    let before = row::tail(before.as_str(), width.saturating_sub(2));
    let room = width.saturating_sub(row::columns(&before)).saturating_sub(sign.len());
    let cursor = if after.as_str().is_empty() { "_" } else { "" };
    let after = row::clip(&format!("{after}{cursor}"), room);
    let gap = room.saturating_sub(row::columns(&after));
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let mut at = after.chars();
    let under: String = at.by_ref().take(1).collect();
    let mut spans = vec![
        Span::styled(format!("{sign}{before}"), strong),
        Span::styled(under, strong.add_modifier(Modifier::REVERSED)),
        Span::styled(at.collect::<String>(), strong),
    ];
    if gap > hint.len().saturating_add(3) {
        spans.push(Span::raw(format!(
            "{}{hint}",
            " ".repeat(gap.saturating_sub(hint.len()).saturating_sub(1))
        )));
    }
    lines.push(Line::from(spans));
    lines
}

fn offered(offers: &[String], width: usize) -> Vec<Line<'static>> {
    let words: Vec<String> = offers.iter().map(|offer| Printable::line(offer).as_str().to_owned()).collect();
    let mut lines = row::words(&words.join("  "), width.saturating_sub(2));
    if words.is_empty() {
        return Vec::new();
    }
    if lines.len() > OFFERS {
        let left: usize = lines.iter().skip(OFFERS).map(|line| line.split_whitespace().count()).sum();
        lines.truncate(OFFERS);
        if let Some(last) = lines.last_mut() {
            *last = row::with_end(last, &format!(" +{left} more"), width.saturating_sub(2));
        }
    }
    lines.into_iter().map(|line| Line::raw(format!("  {line}"))).collect()
}

/// What copying the code looks like: the only place where the code stands.
pub(super) fn code(entry: Option<&Entry>, copying: &Copying) -> Line<'static> {
    let Some(entry) = entry else { return Line::raw("") };
    let code = entry.filing().code;
    let typed = Printable::line(&copying.typed);
    let open = "_".repeat(Code::LENGTH.saturating_sub(copying.typed.chars().count()));
    let wrong = if entry.wrong_codes() > 0 {
        format!("   ({} wrong, {MOST_WRONG} end it)", entry.wrong_codes())
    } else {
        String::new()
    };
    let strong = Style::new().add_modifier(Modifier::BOLD);
    Line::from(vec![
        Span::styled(" type ", strong),
        Span::styled(format!(" {code} "), strong.add_modifier(Modifier::REVERSED)),
        Span::styled(format!(" to approve: {typed}{open}"), strong),
        Span::raw(format!("   Esc: not now{wrong}")),
    ])
}

/// What asking for minutes looks like. Only who it is about is cut.
pub(super) fn minutes(entry: Option<&Entry>, minutes: &Minutes, width: usize) -> Line<'static> {
    let who = match (entry, minutes.period) {
        (None, _) => Printable::default(),
        // A grant to read is for the process itself, whoever has started it.
        (Some(entry), Period::Grant) if !matches!(entry.want(), Want::Sign { .. }) => {
            entry.filing().caller.name()
        }
        (Some(entry), _) => entry.filing().caller.principal_name(),
    };
    let most = minutes.period.most();
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let (act, style) = match minutes.period {
        Period::Grant => ("grant", strong.fg(Color::Green)),
        Period::Mute => ("mute", strong.fg(Color::Yellow)),
    };
    let shown = if minutes.typed.is_empty() {
        minutes.period.usual().to_string()
    } else {
        Printable::line(&minutes.typed).as_str().to_owned()
    };
    let keys = if minutes.value().is_some() {
        format!("Enter, or digits (1-{most}), Esc")
    } else {
        format!("not from 1 to {most}; Esc")
    };
    let (before, after) = (format!(" {act} "), format!(" for [{shown}] min: "));
    let taken = [&before, &after, &keys].iter().map(|part| row::columns(part)).sum();
    let who = row::clip(who.as_str(), width.saturating_sub(taken));
    Line::from(vec![Span::styled(format!("{before}{who}{after}"), style), Span::raw(keys)])
}
