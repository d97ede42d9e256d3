//! The pages without an ask.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

// The escaped blank keeps the first line's indent, which a continued string literal would lose.
const HELP: &str = "\
\x20y          approve the selected ask: it is carried out at once
 n          deny it: the requester is told so
 up, down   choose an ask (also k and j)
 PageDown   scroll the detail (also space); PageUp scrolls back
 ?          this page

 A key counts only after a short while without any key, so that nothing is
 approved by typing that was meant for something else.

 What stands behind a solid bar  │  is what the backend, the kernel or the
 signed bytes say. What stands behind  ?  is how a process looks, and it can
 choose that. What stands behind  ~  is what the requester says of itself:
 nobody has checked it. Behind  >  stands a line of a message or of unknown
 bytes, behind  +  what goes on from the line above.

 An ask that nobody answers expires, and nothing is released.";

/// What the keys and the marks mean.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect) {
    let mut lines = vec![Line::raw(""), Line::styled(" Help", Style::new().add_modifier(Modifier::BOLD))];
    lines.push(Line::raw(""));
    lines.extend(HELP.lines().map(Line::raw));
    frame.render_widget(Paragraph::new(lines), area);
}

/// The page while no ask is pending.
pub(super) fn idle(frame: &mut Frame<'_>, area: Rect) {
    let mut lines = vec![Line::raw(""); usize::from(area.height / 3)];
    lines.push(Line::styled("nothing is waiting", Style::new().add_modifier(Modifier::BOLD)));
    lines.push(Line::raw(""));
    lines.push(Line::raw("What a program asks for appears here, and waits for your key."));
    frame.render_widget(Paragraph::new(lines).alignment(Alignment::Center), area);
}
