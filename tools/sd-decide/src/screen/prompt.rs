//! The prompt for a passphrase: what for, and how many characters are typed. The passphrase itself is not here.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use sd_wire::passphrase::Unlocks;
use sd_wire::printable::Printable;

use crate::dates;
use crate::docket::Docket;
use crate::docket::event::Moment;
use crate::docket::prompts::Prompt;
use crate::screen::row::{Row, Trust};
use crate::screen::{Shows, draw_lines, row};

/// The widest field, in columns.
const FIELD: usize = 60;
/// The rows from the field's upper edge to the bottom: the field, its hints, a blank line each.
const BELOW: usize = 7;

/// Draws it; says that it is what a person sees.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    docket: &Docket,
    prompt: &Prompt,
    now: Moment,
) -> Shows {
    let width = usize::from(area.width);
    let mut lines = about(prompt, width);
    // The field is always there, however much there is to say.
    let room = usize::from(area.height).saturating_sub(BELOW);
    if lines.len() > room {
        let more = lines.len().saturating_sub(room).saturating_add(1);
        lines.truncate(room.saturating_sub(1));
        lines.push(Line::raw(format!("═══ +{more} more lines, for which there is no room")));
    }
    lines.push(Line::raw(""));
    let quiet = docket.takes_passphrase(now).is_some();
    lines.extend(field(prompt, quiet, width.saturating_sub(4).min(FIELD)));
    lines.push(Line::raw(""));
    let left = dates::left(prompt.until.since(now));
    lines.push(Line::raw(format!(
        "  {left} left. It goes from the keyboard to the companion's side and nowhere else."
    )));
    draw_lines(frame, area, lines);
    Shows { face: Some(prompt.face()), ..Shows::default() }
}

/// What for.
fn about(prompt: &Prompt, width: usize) -> Vec<Line<'static>> {
    let wanted = &prompt.wanted;
    let mut lines = vec![Line::raw("")];
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let reason = format!(" A passphrase is wanted {}.", Printable::line(&prompt.reason));
    lines.extend(row::words(&reason, width).into_iter().map(|line| Line::styled(line, strong)));
    if let Some(wrong) = &wanted.wrong {
        // On one line of ours: what goes on below could look like a line of ours.
        let wrong = format!(" The last one was WRONG: {}", Printable::line(wrong));
        lines.push(Line::styled(row::clip(&wrong, width), strong.fg(Color::Red)));
    }
    lines.push(Line::raw(""));
    let (who, what) = match &wanted.unlocks {
        Unlocks::Key { grip } => {
            ("GPG-AGENT SAYS", Some(("keygrip", &**grip)).filter(|(_, grip)| !grip.is_empty()))
        }
        Unlocks::Collection { label } => ("BACKEND SAYS", Some(("collection", &**label))),
    };
    let mut rows = vec![Row::Section(Trust::Fact, who)];
    rows.extend(wanted.lines.iter().map(|line| Row::Text(Trust::Fact, Printable::line(line))));
    rows.extend(what.map(|(name, value)| Row::fact(Trust::Fact, name, Printable::line(value))));
    if let Some((this, most)) = wanted.tries {
        rows.push(Row::fact(Trust::Fact, "try", Printable::line(&format!("{this} of {most}"))));
    }
    rows.iter().for_each(|row| row.wrap(width, &mut lines));
    lines
}

/// The field: stars for what is typed.
fn field(prompt: &Prompt, counts: bool, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(4);
    let content = if counts {
        format!("{}_", "*".repeat(prompt.characters.min(room.saturating_sub(1))))
    } else {
        "wait... no key for a moment".to_owned()
    };
    let title = "─ passphrase: ";
    let rule = "─".repeat(width.saturating_sub(2));
    let above =
        format!("{title}{}", "─".repeat(width.saturating_sub(2).saturating_sub(title.chars().count())));
    let style = if counts { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
    [format!("┌{above}┐"), format!("│ {} │", row::fit(&content, room)), format!("└{rule}┘")]
        .into_iter()
        .map(|line| Line::styled(format!("  {line}"), style))
        .collect()
}
