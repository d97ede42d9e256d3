//! The detail of the selected ask, and how far it is scrolled.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use crate::dates;
use crate::docket::Docket;
use crate::docket::entry::Face;
use crate::docket::event::Moment;
use crate::screen::{Shows, detail};

/// A part of an ask's detail, on a pane of some size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    face: Face,
    width: u16,
    height: usize,
    top: usize,
}

/// The pane. It keeps the lines of the ask that it showed last: they are cut once, not with every picture.
#[derive(Debug, Default)]
pub(crate) struct Pane {
    shown: Option<(Face, u16)>,
    lines: Vec<Line<'static>>,
    top: usize,
    height: usize,
    /// What is on the terminal, all of it.
    seen: Option<View>,
}

impl Pane {
    /// Remembers that a picture with this view is on the terminal, all of it.
    pub(crate) fn seen(&mut self, view: Option<View>) {
        self.seen = view;
    }

    /// Moves by pages, down when positive; one line stays to read on from. Not before the page that it is on has
    /// been on the terminal: otherwise the end would come without what stands before it.
    pub(crate) fn scroll(&mut self, pages: i8) {
        if self.seen.is_none() || self.seen != self.view() {
            return;
        }
        let page = self.height.saturating_sub(1).max(1);
        let moved = if pages < 0 { self.top.saturating_sub(page) } else { self.top.saturating_add(page) };
        self.top = moved.min(self.last_top());
    }

    pub(super) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, docket: &Docket, now: Moment) -> Shows {
        let Some((entry, face)) = docket.selected().and_then(|entry| Some((entry, entry.face()?))) else {
            let line = Line::raw(" asking the backend what this is about…");
            frame.render_widget(line, Rect { height: 1, ..area });
            return Shows::default();
        };
        if self.shown != Some((face, area.width)) {
            // Cut to another width, what stood above may stand below now.
            self.top = 0;
            self.lines = detail::lines(entry, usize::from(area.width));
            self.shown = Some((face, area.width));
        }
        self.height = usize::from(area.height).saturating_sub(1);
        self.top = self.top.min(self.last_top());
        let end = self.top.saturating_add(self.height).min(self.lines.len());
        let title = format!(
            "ask {}   {}   {} left   lines {}-{end} of {}",
            entry.id(),
            entry.want().kind(),
            dates::left(entry.left(now)),
            self.top.saturating_add(1),
            self.lines.len(),
        );
        let style = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        frame.render_widget(Line::styled(title, style), Rect { height: 1, ..area });
        let below = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        for (y, line) in (below.y..below.bottom()).zip(self.lines.iter().skip(self.top)) {
            frame.render_widget(line, Rect { y, height: 1, ..below });
        }
        Shows { face: Some(face), to_end: end >= self.lines.len(), view: self.view() }
    }

    fn view(&self) -> Option<View> {
        self.shown.map(|(face, width)| View { face, width, height: self.height, top: self.top })
    }

    fn last_top(&self) -> usize {
        self.lines.len().saturating_sub(self.height)
    }
}
