//! The first and the last line.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use sd_wire::deadline;

use crate::docket::Docket;
use crate::docket::event::Moment;
use crate::docket::mode::Mode;

/// Whose screen it is, and how many asks are on it.
pub(super) fn header(docket: &Docket, now: Moment, desktop: u32, width: u16) -> Line<'static> {
    let left = format!(" Secrets Dispatcher   for uid {desktop}");
    let right = match docket.listed().count() {
        _ if docket.notice(now).is_some() => format!("{} ", docket.notice(now).unwrap_or_default()),
        0 => "nothing is waiting ".to_owned(),
        1 => "1 is waiting ".to_owned(),
        n => format!("{n} are waiting "),
    };
    let gap = usize::from(width).saturating_sub(left.chars().count()).saturating_sub(right.chars().count());
    Line::from(format!("{left}{}{right}", " ".repeat(gap)))
        .style(Style::new().add_modifier(Modifier::REVERSED))
}

/// What the keys do now. `y approve   n deny` stands there exactly when both would.
pub(super) fn footer(docket: &Docket, now: Moment, width: u16) -> Line<'static> {
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let more = if docket.listed().count() > 1 { "   arrows choose" } else { "" };
    if *docket.mode() == Mode::Help {
        return Line::from(" any key closes this page").style(strong);
    }
    let Some(selected) = docket.selected() else {
        let text = if docket.listed().next().is_some() { " asking the backend…" } else { " ? help" };
        return Line::from(text);
    };
    if !docket.is_armed(now) {
        return Line::from(format!(" wait {}{more}   ? help", progress(docket, now)));
    }
    if !selected.seen_to_end() {
        let text = format!(" scroll to the end before approving: PageDown   n deny{more}   ? help");
        return Line::from(text).style(strong.fg(Color::Yellow));
    }
    let keys = Span::styled(" y approve   n deny", strong.fg(Color::Green));
    let rest = if width >= 80 { format!("{more}   PageDown scroll   ? help") } else { more.to_owned() };
    Line::from(vec![keys, Span::raw(rest)])
}

/// How much of the quiet time has passed.
fn progress(docket: &Docket, now: Moment) -> String {
    let whole = u64::try_from(deadline::QUIET.as_millis()).unwrap_or(u64::MAX);
    let left = docket.keyboard().quiet_left(now).min(whole);
    let steps = usize::try_from(left.saturating_mul(7).div_ceil(whole.max(1))).unwrap_or(7).min(7);
    format!("[{}{}] no key for a moment", "#".repeat(7 - steps), ".".repeat(steps))
}
