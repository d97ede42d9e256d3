//! The two lines at the top: whose screen it is, the personal phrase, how many asks wait, and what is loud.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use sd_wire::metadata::Metadata;

use crate::docket::Docket;
use crate::screen::around::Around;
use crate::screen::row;

/// The header's lines.
pub(super) const ROWS: u16 = 2;

/// Draws them. What is loud stands there in full, whatever else has to be cut.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, docket: &Docket, around: &Around) {
    let width = usize::from(area.width);
    let bar = Style::new().add_modifier(Modifier::REVERSED);
    let loud: Vec<Span<'_>> = loud(docket)
        .into_iter()
        .flat_map(|word| {
            let style = Style::new().bg(Color::Red).fg(Color::White).add_modifier(Modifier::BOLD);
            [Span::styled(format!(" {word} "), style), Span::styled(" ", bar)]
        })
        .collect();
    let right = waiting(docket);
    let taken = right.chars().count().saturating_add(loud.iter().map(Span::width).sum());
    let left = format!(" Secrets Dispatcher   for {}", around.served());
    let mut spans = vec![Span::styled(row::fit(&left, width.saturating_sub(taken)), bar)];
    spans.extend(loud);
    spans.push(Span::styled(right, bar));
    frame.render_widget(Line::from(spans), Rect { height: 1, ..area });
    let phrase = match &around.phrase {
        Some(phrase) => format!(" \"{phrase}\""),
        None => " no phrase set: a picture of this screen could look like it".to_owned(),
    };
    let style = Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD);
    let below = Rect { y: area.y.saturating_add(1), height: 1, ..area };
    frame.render_widget(Line::styled(row::fit(&phrase, width), style), below);
}

fn waiting(docket: &Docket) -> String {
    match docket.listed().count() {
        0 if docket.prompt().is_some() => "a passphrase is wanted ".to_owned(),
        0 => "nothing is waiting ".to_owned(),
        1 => "1 is waiting ".to_owned(),
        n => format!("{n} are waiting "),
    }
}

/// What nobody may overlook.
fn loud(docket: &Docket) -> Vec<&'static str> {
    let vault = docket.vault();
    let locked = match (vault.key_locked == Some(true), vault.store_locked == Some(true)) {
        (true, true) => Some("LOCKED"),
        (true, false) => Some("KEY LOCKED"),
        (false, true) => Some("STORE LOCKED"),
        (false, false) => None,
    };
    let open = (docket.rules().metadata() == Metadata::Open).then_some("LABELS OPEN");
    let everything = docket.refusals().everything().then_some("DENYING ALL");
    let unrecorded = docket.is_unrecorded().then_some("NO RECORD");
    locked.into_iter().chain(open).chain(everything).chain(unrecorded).collect()
}
