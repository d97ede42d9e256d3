//! What is on the terminal: a header, the list of asks, the detail of the selected one, and a line about the keys.
//!
//! Everything here is a function of the docket and the time. Text from outside comes in as `Printable` only.

mod bars;
mod claims;
mod detail;
mod help;
mod list;
mod pane;
#[cfg(test)]
mod pictures;
mod prompt;
mod row;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use crate::docket::Docket;
use crate::docket::entry::Face;
use crate::docket::event::Moment;
use crate::docket::mode::Mode;
pub(crate) use crate::screen::pane::{Pane, View};

/// Below this many columns or rows nothing can be settled: what is shown would not be readable.
const SMALLEST: (u16, u16) = (60, 18);
/// From this width on, list and detail stand side by side.
const WIDE: u16 = 100;
/// The list's width when it stands beside the detail.
const LIST_WIDTH: u16 = 34;
/// The list's most rows when it stands above the detail.
const LIST_ROWS: u16 = 4;

/// What a picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shows {
    /// The selected ask, if its detail is there.
    pub(crate) face: Option<Face>,
    /// Whether the last line of that detail is there.
    pub(crate) to_end: bool,
    /// Which part of the detail is there.
    pub(crate) view: Option<View>,
}

/// Draws the docket for the desktop user `desktop`, and says what of it a person can see.
pub(crate) fn draw(
    frame: &mut Frame<'_>,
    docket: &Docket,
    now: Moment,
    desktop: u32,
    pane: &mut Pane,
) -> Shows {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        frame.render_widget(Line::raw("the terminal is too small: 60x18 or more is needed"), area);
        return Shows::default();
    }
    let [header, body, footer] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(1), Constraint::Length(1)]).areas(area);
    frame.render_widget(bars::header(docket, now, desktop, header.width), header);
    let shows = if let Some(prompt) = docket.prompt() {
        prompt::draw(frame, body, prompt)
    } else if *docket.mode() == Mode::Help {
        help::draw(frame, body);
        Shows::default()
    } else if docket.listed().next().is_none() {
        help::idle(frame, body);
        Shows::default()
    } else {
        asks(frame, body, docket, now, pane)
    };
    frame.render_widget(bars::footer(docket, now, footer.width), footer);
    shows
}

fn asks(frame: &mut Frame<'_>, area: Rect, docket: &Docket, now: Moment, pane: &mut Pane) -> Shows {
    if area.width >= WIDE {
        let [list, rule, detail] =
            Layout::horizontal([Constraint::Length(LIST_WIDTH), Constraint::Length(2), Constraint::Min(1)])
                .areas(area);
        list::draw(frame, list, docket, now);
        for y in rule.y..rule.bottom() {
            frame.buffer_mut().set_string(rule.x, y, "│", ratatui::style::Style::new());
        }
        return pane.draw(frame, detail, docket, now);
    }
    let rows = u16::try_from(docket.listed().count()).unwrap_or(LIST_ROWS).min(LIST_ROWS);
    let [list, detail] = Layout::vertical([Constraint::Length(rows), Constraint::Min(1)]).areas(area);
    list::draw(frame, list, docket, now);
    pane.draw(frame, detail, docket, now)
}
