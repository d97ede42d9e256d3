//! The bottom lines: what the keys do now, and above it what the person should know just now.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use sd_wire::ask::Want;
use sd_wire::deadline;
use sd_wire::printable::Printable;

use crate::docket::Docket;
use crate::docket::event::Moment;
use crate::docket::mode::Mode;
use crate::docket::page::Page;
use crate::screen::{row, typing};

/// The bottom lines, the keys last.
pub(super) fn lines(docket: &Docket, now: Moment, width: usize) -> Vec<Line<'static>> {
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let mut lines = Vec::new();
    if let Some(notice) = docket.notice(now) {
        let notice = format!(" ! {}", Printable::line(notice));
        let wrapped = row::words(&notice, width);
        lines.extend(wrapped.into_iter().take(2).map(|line| Line::styled(line, strong.fg(Color::Yellow))));
    }
    if let Some(prompt) = docket.prompt() {
        let text = if prompt.characters > 0 {
            " Enter sends it   Ctrl+U clears it   Esc lets go: until then this screen stays"
        } else {
            " Enter sends it   Esc: not now"
        };
        lines.push(Line::styled(text, strong));
        return lines;
    }
    match docket.mode() {
        Mode::Asks => lines.push(asks(docket, now, width)),
        Mode::Help => lines.push(Line::styled(" any key closes this page", strong)),
        Mode::Page(page) => {
            let revoke = if *page == Page::Grants { ":revoke NUMBER ends one   " } else { "" };
            let text = format!(" Esc closes   PageDown, PageUp scroll   {revoke}: command");
            lines.push(Line::styled(text, strong));
        }
        Mode::Line(line) => lines.extend(typing::line(line, width)),
        Mode::Code(copying) => lines.push(typing::code(docket.selected(), copying)),
        Mode::Minutes(minutes) => lines.push(typing::minutes(docket.selected(), minutes, width)),
    }
    lines
}

/// The keys that are about the asks. `y approve   n deny` stands there exactly when both would.
fn asks(docket: &Docket, now: Moment, width: usize) -> Line<'static> {
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let Some(selected) = docket.selected() else {
        if docket.listed().next().is_none() {
            let unlock = docket.vault().is_locked().then_some("u unlock");
            let unmute = docket.refusals().newest().map(|_| "U unmute");
            let keys = unlock.into_iter().chain(unmute).chain(["L lock", ": command", "? help"]);
            return Line::raw(fitting("", keys, width));
        }
        let text =
            if docket.seen().next().is_some() { " asking the backend..." } else { " Esc shows all asks" };
        return Line::raw(fitting(text, [": command", "L lock", "? help"], width));
    };
    let choose = (docket.seen().count() > 1).then_some("arrows choose");
    if !docket.is_armed(now) {
        let wait = format!(" wait {}", progress(docket, now));
        return Line::raw(fitting(&wait, choose.into_iter().chain(["d wide", "? help"]), width));
    }
    if !selected.seen_to_end() {
        let text = " scroll to the end before approving: PageDown   n deny";
        let keys = ["m mute"].into_iter().chain(choose).chain(["? help"]);
        return Line::styled(fitting(text, keys, width), strong.fg(Color::Yellow));
    }
    let code = selected.needs_code().is_some();
    let lasts = matches!(selected.want(), Want::Read { .. } | Want::Access { .. } | Want::Sign { .. });
    let yes = if code { " y approve by code   n deny" } else { " y approve   n deny" };
    let grant = (lasts && !code).then_some("g grant");
    let keys = grant.into_iter().chain(["m mute", "/ filter", ": command", "? help", "L lock"]);
    let rest = fitting("  ", keys, width.saturating_sub(yes.len()));
    Line::from(vec![Span::styled(yes, strong.fg(Color::Green)), Span::raw(rest)])
}

/// As many of these keys as fit behind the beginning, in this order.
fn fitting(beginning: &str, keys: impl IntoIterator<Item = &'static str>, width: usize) -> String {
    let mut line = beginning.to_owned();
    for key in keys {
        let gap = if line.trim().is_empty() { " " } else { "   " };
        if row::columns(&line).saturating_add(gap.len()).saturating_add(key.len()) <= width {
            line.push_str(gap);
            line.push_str(key);
        }
    }
    line
}

/// How much of the quiet time has passed.
fn progress(docket: &Docket, now: Moment) -> String {
    let whole = u64::try_from(deadline::QUIET.as_millis()).unwrap_or(u64::MAX);
    let left = docket.keyboard().quiet_left(now).min(whole);
    let steps = usize::try_from(left.saturating_mul(7).div_ceil(whole.max(1))).unwrap_or(7).min(7);
    format!("[{}{}] no key for a moment", "#".repeat(7 - steps), ".".repeat(steps))
}
