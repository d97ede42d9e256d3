//! What the keys and the marks mean.

use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

// The escaped blank keeps the first line's indent, which a continued string literal would lose.
const HELP: &str = "\
\x20y  approve it: it is carried out once        n  deny it: the requester is told
 g  approve it, and the like for minutes      m  deny it, and all for minutes
 up, down, j, k  choose an ask                PageDown, space, PageUp  scroll
 d  the detail has the screen, or not         /  only asks that mention a text
 :  or F2: commands; :help lists them         L  lock key and store, at once
 u  unlock them, when nothing waits           ?  this page   Ctrl+L  paint anew

 A key counts only after a short while without any key, so that nothing is
 approved by typing that was meant for something else. Where a rule wants a
 code, y asks for four characters that stand only on this screen.

 What stands behind a solid bar  │  is what the backend, the kernel or the
 signed bytes say. What stands behind  ?  is how a process looks, and it can
 choose that. What stands behind  ~  is what the requester says of itself:
 nobody has checked it. Behind  >  stands a line of a message or of unknown
 bytes, behind  +  what goes on from the line above.

 An ask that nobody answers expires, and nothing is released.";

/// As much of it as `height` rows hold.
pub(super) fn lines(height: u16) -> Vec<Line<'static>> {
    let height = usize::from(height);
    let mut lines = vec![Line::raw(""), Line::styled(" Help", Style::new().add_modifier(Modifier::BOLD))];
    lines.push(Line::raw(""));
    lines.extend(HELP.lines().map(Line::raw));
    if lines.len() > height {
        let more = lines.len().saturating_sub(height).saturating_add(1);
        lines.truncate(height.saturating_sub(1));
        lines.push(Line::raw(format!("═══ +{more} more lines, for which there is no room")));
    }
    lines
}
