//! Lines that may be longer than their place on the screen, and how far they are scrolled.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;

/// The lines of one thing. They are cut once for a width, not with every picture.
#[derive(Debug)]
pub(super) struct Sheet<S> {
    shown: Option<(S, u16)>,
    lines: Vec<Line<'static>>,
    /// How many things it has shown.
    cuts: u64,
    top: usize,
    height: usize,
}

/// What of a sheet is on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    cuts: u64,
    top: usize,
    height: usize,
}

impl<S> Default for Sheet<S> {
    fn default() -> Self {
        Self { shown: None, lines: Vec::new(), cuts: 0, top: 0, height: 0 }
    }
}

impl<S: PartialEq> Sheet<S> {
    /// Puts a thing on it, cut to this width; from its beginning if it is another than before. The same thing is cut
    /// anew only when it changes with time.
    pub(super) fn put(
        &mut self,
        thing: S,
        width: u16,
        changes: bool,
        lines: impl FnOnce() -> Vec<Line<'static>>,
    ) {
        let thing = Some((thing, width));
        if self.shown != thing {
            // Cut to another width, what stood above may stand below now.
            self.top = 0;
            self.cuts = self.cuts.saturating_add(1);
            self.shown = thing;
        } else if !changes {
            return;
        }
        self.lines = lines();
    }

    /// Moves by pages, down when positive; one line stays to read on from.
    pub(super) fn scroll(&mut self, pages: i8) {
        let page = self.height.saturating_sub(1).max(1);
        let moved = if pages < 0 { self.top.saturating_sub(page) } else { self.top.saturating_add(page) };
        self.top = moved.min(self.last_top());
    }

    /// Draws a title and as many lines as fit below it; whether the last one is among them. What follows is counted
    /// on the bottom line, so nothing ends there without a word.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, title: &str) -> bool {
        let below = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        let fits = self.lines.len() <= usize::from(below.height);
        self.height = usize::from(below.height).saturating_sub(usize::from(!fits));
        self.top = self.top.min(self.last_top());
        let end = self.top.saturating_add(self.height).min(self.lines.len());
        let first = self.top.saturating_add(1).min(end);
        let title = format!("{title}   lines {first}-{end} of {}", self.lines.len());
        let style = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        frame.render_widget(Line::styled(title, style), Rect { height: 1, ..area });
        let text = Rect { height: u16::try_from(self.height).unwrap_or(below.height), ..below };
        for (y, line) in (text.y..text.bottom()).zip(self.lines.iter().skip(self.top)) {
            frame.render_widget(line, Rect { y, height: 1, ..text });
        }
        if !fits {
            let bottom = Rect { y: text.bottom(), height: 1, ..below };
            frame.render_widget(rest(self.lines.len().saturating_sub(end)), bottom);
        }
        end >= self.lines.len()
    }

    /// What of it is on the screen, once it was drawn.
    pub(super) fn part(&self) -> Option<Part> {
        self.shown.as_ref().map(|_| Part { cuts: self.cuts, top: self.top, height: self.height })
    }

    fn last_top(&self) -> usize {
        self.lines.len().saturating_sub(self.height)
    }
}

fn rest(more: usize) -> Line<'static> {
    let strong = Style::new().add_modifier(Modifier::BOLD);
    match more {
        0 => Line::raw("═══ the end; PageUp goes back"),
        1 => Line::styled("═══ +1 more line: PageDown or space", strong.fg(Color::Yellow)),
        n => Line::styled(format!("═══ +{n} more lines: PageDown or space"), strong.fg(Color::Yellow)),
    }
}
