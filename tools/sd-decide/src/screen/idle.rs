//! The page while no ask is pending: what the machine waits for, what is locked, what lasts, what was decided.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use sd_wire::printable::Printable;

use crate::docket::Docket;
use crate::docket::event::Moment;
use crate::screen::around::Around;
use crate::screen::row::{self, Row, Trust};
use crate::screen::{decision, list, pages};

/// The most decisions.
const DECISIONS: usize = 8;
/// The most grants, and the most mutes.
const LASTING: usize = 3;

/// The widest line of a sentence, in columns.
const TEXT: usize = 90;

/// The page's lines.
pub(super) fn lines(docket: &Docket, around: &Around, now: Moment, area: Rect) -> Vec<Line<'static>> {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let mut lines = vec![Line::raw(""), Line::styled(" Nothing is waiting.", strong), Line::raw("")];
    let mut text =
        " What a program asks for, a secret or a signature, appears here and waits for a key.".to_owned();
    if let Some(vt) = around.vt {
        text.push_str(&format!(
            " From the desktop Ctrl+Alt+F{vt} leads here; this screen never comes by itself."
        ));
    }
    lines.extend(row::words(&text, width.min(TEXT)).into_iter().map(Line::raw));
    lines.push(Line::raw(""));
    let mut rows = vec![Row::Section(Trust::Ours, "NOW")];
    rows.push(Row::fact(Trust::Ours, "serves", Printable::line(&around.served())));
    pages::vault(docket, &mut rows);
    rows.iter().for_each(|row| row.wrap(width, &mut lines));
    if let Some(why) = docket.history().changed_key() {
        let said = row::words(&format!(" {why}"), width.min(TEXT));
        lines.extend(said.into_iter().map(|line| Line::styled(line, strong)));
    }
    lasting("grants", docket.grants(now).map(|grant| pages::grant(grant, now)).collect(), width, &mut lines);
    let mutes = docket.refusals().mutes().iter().map(|mute| pages::mute(mute, now)).collect();
    lasting("mutes", mutes, width, &mut lines);
    if docket.refusals().everything() {
        lines.push(named("all asks", "are DENIED until :lift", width));
    }
    lines.extend(list::silently(docket, now).map(|note| named("repeats", &note, width)));
    lines.push(Line::raw(""));
    Row::Section(Trust::Ours, "LAST DECISIONS, times in UTC").wrap(width, &mut lines);
    let room = height.saturating_sub(lines.len()).min(DECISIONS);
    let before = lines.len();
    lines.extend(docket.history().newest().take(room).map(|entry| decision::line(entry, around, width)));
    if lines.len() == before {
        lines.push(Line::raw(format!("   none since {}", around.time(Moment(0)))));
    }
    lines
}

/// A few of what lasts; the rest is counted.
fn lasting(name: &str, all: Vec<String>, width: usize, lines: &mut Vec<Line<'static>>) {
    let more = all.len().saturating_sub(LASTING);
    if all.is_empty() {
        lines.push(named(name, "none", width));
    }
    for (n, one) in all.iter().take(LASTING).enumerate() {
        lines.push(named(if n == 0 { name } else { "" }, one, width));
    }
    if more > 0 {
        lines.push(named("", &format!("+{more} more: see :grants"), width));
    }
}

/// As [`Row::Fact`], but on one line.
fn named(name: &str, text: &str, width: usize) -> Line<'static> {
    let name = Span::styled(format!("  {name:<11} "), Trust::Ours.style());
    let text = row::clip(text, width.saturating_sub(name.width()));
    Line::from(vec![name, Span::raw(text)])
}
