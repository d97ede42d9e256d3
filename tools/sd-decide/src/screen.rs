//! What is on the terminal: a header, the list of asks, the detail of the selected one, and a line about the keys.
//!
//! Everything here is a function of the docket, what stands around it, the time and what the pane remembers. Text from
//! outside comes in as `Printable` only.

mod around;
mod change;
mod claims;
mod decision;
mod detail;
mod files;
mod footer;
mod header;
mod help;
mod idle;
mod import;
mod list;
mod pages;
mod pane;
#[cfg(test)]
mod pictures;
mod prompt;
mod row;
mod sheet;
mod typing;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use crate::docket::Docket;
use crate::docket::entry::Face;
use crate::docket::event::Moment;
use crate::docket::mode::Mode;
pub(crate) use crate::screen::around::Around;
pub(crate) use crate::screen::pane::{Pane, View};

/// Below this many columns or rows nothing can be settled: what is shown would not be readable.
const SMALLEST: (u16, u16) = (60, 18);
/// From this width on, list and detail stand side by side.
const WIDE: u16 = 100;
/// The list's width when it stands beside the detail.
const LIST_WIDTH: u16 = 34;
/// The fewest rows of several asks above the detail, and the rows that are left to it before there are more.
const LIST_ROWS: (u16, u16) = (3, 20);

/// What a picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shows {
    /// The selected ask, if its detail is there, or the prompt.
    pub(crate) face: Option<Face>,
    /// Whether the last line of that detail is there.
    pub(crate) to_end: bool,
    /// Which part of the detail or of the page is there.
    pub(crate) view: Option<View>,
}

/// Draws the docket, and says what of it a person can see.
pub(crate) fn draw(
    frame: &mut Frame<'_>,
    docket: &Docket,
    now: Moment,
    around: &Around,
    pane: &mut Pane,
) -> Shows {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let (width, height) = SMALLEST;
        let (columns, rows) = (area.width, area.height);
        let text = format!(
            "the terminal is too small: {width}x{height} or more is needed, and this one is {columns}x{rows}. \
             Until then no key settles anything."
        );
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
        return Shows::default();
    }
    let below = footer::lines(docket, now, usize::from(area.width));
    let rows = u16::try_from(below.len()).unwrap_or(1);
    let [header, body, footer] =
        Layout::vertical([Constraint::Length(header::ROWS), Constraint::Min(1), Constraint::Length(rows)])
            .areas(area);
    header::draw(frame, header, docket, around);
    draw_lines(frame, footer, below);
    if let Some(prompt) = docket.prompt() {
        return prompt::draw(frame, body, docket, prompt, now);
    }
    match docket.mode() {
        Mode::Help => draw_lines(frame, body, help::lines(usize::from(body.width), usize::from(body.height))),
        Mode::Page(page) => return pane.draw_page(frame, body, page, (docket, around, now)),
        _ if docket.listed().next().is_none() => {
            draw_lines(frame, body, idle::lines(docket, around, now, body))
        }
        _ => return asks(frame, body, docket, now, pane),
    }
    Shows::default()
}

fn asks(frame: &mut Frame<'_>, area: Rect, docket: &Docket, now: Moment, pane: &mut Pane) -> Shows {
    if docket.is_wide() {
        return pane.draw(frame, area, docket, now);
    }
    if area.width >= WIDE {
        let [list, rule, detail] =
            Layout::horizontal([Constraint::Length(LIST_WIDTH), Constraint::Length(3), Constraint::Min(1)])
                .areas(area);
        list::draw(frame, list, docket, now, true, &mut pane.place);
        for y in rule.y..rule.bottom() {
            frame.buffer_mut().set_string(rule.x.saturating_add(1), y, "│", ratatui::style::Style::new());
        }
        return pane.draw(frame, detail, docket, now);
    }
    let most = (area.height.saturating_sub(LIST_ROWS.1) / 2).clamp(LIST_ROWS.0, 10);
    let rows = pane.place.rows(docket, now, most);
    let [list, detail] = Layout::vertical([Constraint::Length(rows), Constraint::Min(1)]).areas(area);
    list::draw(frame, list, docket, now, false, &mut pane.place);
    pane.draw(frame, detail, docket, now)
}

/// Lines from the top of an area; those that do not fit are left out.
fn draw_lines(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}
