//! What the keys and the marks mean.

use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use crate::screen::row;

/// The widest line of a sentence, and what two columns of keys need.
const TEXT: usize = 78;
/// Where the second column begins.
const SECOND: usize = 45;

/// The keys: two of them on a line where there is room.
const KEYS: [(&str, &str); 7] = [
    ("y  approve it: it is carried out once", "n  deny it: the requester is told"),
    ("g  approve it, and the like for minutes", "m  deny it, and all for minutes"),
    ("M  deny all that a flood asks, 10 min", "U  let it ask again"),
    ("up, down, j, k  choose an ask", "PageDown, space, PageUp  scroll"),
    ("d  the detail has the screen, or not", "/  only asks that mention a text"),
    (":  or F2: commands; :help lists them", "L  lock key and store, at once"),
    ("u  unlock them, when nothing waits", "?  this page   Ctrl+L  paint anew"),
];

const TEXTS: [&str; 3] = [
    " A key counts only after a short while without any key, so that nothing is approved by typing that was meant \
     for something else. Where a rule wants a code, y asks for four characters that stand only on this screen.",
    " What stands behind a solid bar  │  is what the backend, the kernel or the signed bytes say. What stands behind \
     \u{20}?  is how a process looks, and it can choose that. What stands behind  ~  is what the requester says of \
     itself: nobody has checked it. Behind  >  stands a line of a message or of unknown bytes, behind  +  what goes \
     on from the line above.",
    " An ask that nobody answers expires, and nothing is released.",
];

/// As much of it as `height` rows of `width` columns hold.
pub(super) fn lines(width: usize, height: usize) -> Vec<Line<'static>> {
    let title = Line::styled(" Help", Style::new().add_modifier(Modifier::BOLD));
    let mut lines = vec![Line::raw(""), title, Line::raw("")];
    for (left, right) in KEYS {
        if width > TEXT {
            lines.push(Line::raw(format!(" {}{right}", row::fit(left, SECOND))));
        } else {
            lines.extend([left, right].map(|key| Line::raw(row::clip(&format!(" {key}"), width))));
        }
    }
    for text in TEXTS {
        lines.push(Line::raw(""));
        lines.extend(row::words(text, width.min(TEXT)).into_iter().map(Line::raw));
    }
    if lines.len() > height {
        let more = lines.len().saturating_sub(height).saturating_add(1);
        lines.truncate(height.saturating_sub(1));
        lines.push(Line::raw(format!("═══ +{more} more lines, for which there is no room")));
    }
    lines
}
