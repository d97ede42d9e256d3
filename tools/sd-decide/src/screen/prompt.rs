//! The prompt for a passphrase: what for, and how many characters are typed. The passphrase itself is not here.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use sd_wire::printable::Printable;

use crate::docket::prompts::Prompt;
use crate::screen::Shows;
use crate::screen::row::{Row, Trust};

/// Draws it; says that it is what a person sees.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, prompt: &Prompt) -> Shows {
    let wanted = &prompt.wanted;
    let mut rows = vec![Row::Note(format!(" A passphrase is wanted {}.", prompt.reason))];
    rows.push(Row::Section(Trust::Fact, "KEYRING SAYS"));
    rows.extend(wanted.lines.iter().map(|line| Row::Text(Trust::Fact, Printable::line(line))));
    if let Some(wrong) = &wanted.wrong {
        rows.push(Row::fact(Trust::Fact, "wrong", Printable::line(wrong)));
    }
    if let Some((this, most)) = wanted.tries {
        rows.push(Row::fact(Trust::Fact, "try", Printable::line(&format!("{this} of {most}"))));
    }
    let mut lines = Vec::new();
    for row in &rows {
        row.wrap(usize::from(area.width), &mut lines);
    }
    lines.push(Line::raw(""));
    let stars = "*".repeat(prompt.characters.min(usize::from(area.width).saturating_sub(14)));
    lines.push(Line::styled(format!(" passphrase: {stars}_"), Style::new().add_modifier(Modifier::BOLD)));
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
    Shows { face: Some(prompt.face()), ..Shows::default() }
}
