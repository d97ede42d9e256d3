//! The list of asks, one a line, in order of arrival.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use sd_wire::printable::Printable;

use crate::dates;
use crate::docket::Docket;
use crate::docket::entry::Entry;
use crate::docket::event::Moment;
use crate::screen::row;

/// Draws as many asks as fit, the selected one among them.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, docket: &Docket, now: Moment) {
    let selected = docket.selected().map(Entry::id);
    let at = docket.listed().position(|entry| Some(entry.id()) == selected).unwrap_or(0);
    let height = usize::from(area.height).max(1);
    // Whole pages: the list moves only when the selection leaves a page.
    let first = at / height * height;
    for (y, entry) in (area.y..area.bottom()).zip(docket.listed().skip(first)) {
        let is_selected = Some(entry.id()) == selected;
        let line = line(entry, now, usize::from(area.width), is_selected);
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

fn line(entry: &Entry, now: Moment, width: usize, selected: bool) -> Line<'static> {
    let mark = if selected { '>' } else { ' ' };
    let left = format!(" {}", dates::left(entry.left(now)));
    let head = format!("{mark} {:<6} ", entry.want().kind());
    let room = width.saturating_sub(head.chars().count()).saturating_sub(left.chars().count());
    let text = row::fit(short(entry).as_str(), room);
    let style = if selected { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
    Line::styled(format!("{head}{text}{left}"), style)
}

fn short(entry: &Entry) -> Printable {
    if entry.waits() { entry.short() } else { Printable::line("asking the backend…") }
}
