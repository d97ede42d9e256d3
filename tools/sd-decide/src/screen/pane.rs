//! What the screen remembers between two pictures: how far things are scrolled, and where the list begins.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::dates;
use crate::docket::Docket;
use crate::docket::entry::Face;
use crate::docket::event::Moment;
use crate::docket::page::Page;
use crate::screen::around::Around;
use crate::screen::list::Place;
use crate::screen::sheet::{Part, Sheet};
use crate::screen::{Shows, detail, pages};

/// A part of an ask's detail or of a page, on a pane of some size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    page: bool,
    part: Part,
}

/// The pane.
#[derive(Debug, Default)]
pub(crate) struct Pane {
    ask: Sheet<Face>,
    page: Sheet<(Page, Option<Face>)>,
    /// Whether the page was drawn last, and not the ask.
    on_page: bool,
    pub(super) place: Place,
    /// What is on the terminal, all of it.
    seen: Option<View>,
}

impl Pane {
    /// Remembers that a picture with this view is on the terminal, all of it.
    pub(crate) fn seen(&mut self, view: Option<View>) {
        self.seen = view;
    }

    /// Moves by pages, down when positive. Not before the page that it is on has been on the terminal: otherwise the
    /// end would come without what stands before it.
    pub(crate) fn scroll(&mut self, pages: i8) {
        if self.seen.is_none() || self.seen != self.view() {
            return;
        }
        if self.on_page {
            self.page.scroll(pages);
        } else {
            self.ask.scroll(pages);
        }
    }

    pub(super) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, docket: &Docket, now: Moment) -> Shows {
        self.on_page = false;
        let Some((entry, face)) = docket.selected().and_then(|entry| Some((entry, entry.face()?))) else {
            let text = if docket.seen().next().is_some() {
                " asking the backend what this is about..."
            } else {
                " no ask fits the filter; Esc shows them all"
            };
            frame.render_widget(Line::raw(text), Rect { height: 1, ..area });
            return Shows::default();
        };
        self.ask.put(face, area.width, false, || detail::lines(entry, usize::from(area.width)));
        let left = dates::left(entry.left(now));
        let title = format!("ask {}   {}   {left} left", entry.id(), entry.want().kind());
        let to_end = self.ask.draw(frame, area, &title);
        Shows { face: Some(face), to_end, view: self.view() }
    }

    /// A page covers the asks: no key can be about one of them.
    pub(super) fn draw_page(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        page: &Page,
        (docket, around, now): (&Docket, &Around, Moment),
    ) -> Shows {
        self.on_page = true;
        let face = pages::face(page, docket);
        let width = usize::from(area.width);
        // What a page says changes with time, but not an ask's detail, which may be long.
        self.page.put((page.clone(), face), area.width, face.is_none(), || {
            pages::lines(page, width, docket, around, now)
        });
        self.page.draw(frame, area, &pages::title(page));
        Shows { view: self.view(), ..Shows::default() }
    }

    fn view(&self) -> Option<View> {
        let part = if self.on_page { self.page.part() } else { self.ask.part() };
        part.map(|part| View { page: self.on_page, part })
    }
}
