//! The list of asks in order of arrival: one line each, or two where the list stands beside the detail.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use sd_wire::id::AskId;
use sd_wire::printable::Printable;

use crate::dates;
use crate::docket::Docket;
use crate::docket::entry::{Entry, Face};
use crate::docket::event::Moment;
use crate::docket::floods::MINUTES;
use crate::screen::{draw_lines, row};

/// For so long the list says that asks were denied unasked, in milliseconds.
const LATELY: u64 = 60_000;
/// The columns of who asks, where that stands on the same line.
const WHO: usize = 22;
/// The columns of a filter that are shown.
const FILTER: usize = 12;

/// Where the list begins. The selected ask stays on its line when others come or go.
#[derive(Debug, Default)]
pub(crate) struct Place {
    selected: Option<AskId>,
    at: usize,
    first: usize,
    rows: (Option<Face>, u16),
}

impl Place {
    /// The rows of a list above the detail, at most `most`: as many while one ask is shown, so that the detail stays
    /// where it is.
    pub(super) fn rows(&mut self, docket: &Docket, now: Moment, most: u16) -> u16 {
        let face = docket.selected().and_then(Entry::face);
        let alone = docket.seen().count() <= 1 && notes(docket, now).is_empty();
        let wanted = if alone { 1 } else { most };
        let rows = if self.rows.0 == face { wanted.max(self.rows.1.min(most)) } else { wanted };
        self.rows = (face, rows);
        rows
    }

    /// The first ask on the list, of `count`, when `room` of them fit.
    fn first(&mut self, selected: Option<&AskId>, at: usize, count: usize, room: usize) -> usize {
        if selected.is_some() && self.selected.as_ref() == selected {
            // Moved with the selected one.
            self.first = self.first.saturating_add(at).saturating_sub(self.at);
        }
        self.selected = selected.cloned();
        self.at = at;
        let lowest = at.saturating_add(1).saturating_sub(room);
        self.first = self.first.clamp(lowest, at).min(count.saturating_sub(room));
        self.first
    }
}

/// Draws as many asks as fit, the selected one among them; what does not fit is counted.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    docket: &Docket,
    now: Moment,
    beside: bool,
    place: &mut Place,
) {
    let selected = docket.selected().map(Entry::id);
    let (count, each) = (docket.seen().count(), if beside { 2 } else { 1 });
    let at = docket.seen().position(|entry| Some(entry.id()) == selected).unwrap_or(0);
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let notes = notes(docket, now);
    // Beside the detail each note has lines of its own.
    let lay = |notes: &[String]| {
        let indented = |note: &String| row::words(&format!("  {note}"), width);
        match notes {
            [] => Vec::new(),
            _ if beside => notes.iter().flat_map(indented).collect(),
            _ => vec![format!("  {}", notes.join("   "))],
        }
    };
    let mut below = lay(&notes);
    let fits = count.saturating_mul(each).saturating_add(below.len()) <= height;
    let more = |first: usize, rest: usize| {
        let parts = [(first, "above"), (rest, "below")].into_iter().filter(|(more, _)| *more > 0);
        let parts: Vec<String> = parts.map(|(more, place)| format!("+{more} more {place}")).collect();
        lay(&std::iter::once(parts.join(", ")).chain(notes.iter().cloned()).collect::<Vec<_>>())
    };
    let space = if fits { below.len() } else { more(count, count).len() };
    let room = (height.saturating_sub(space) / each).max(1);
    let first = place.first(selected, at, count, room);
    if !fits {
        below = more(first, count.saturating_sub(first).saturating_sub(room));
    }
    let (mut lines, folds) = (Vec::new(), docket.folds());
    for entry in docket.seen().skip(first).take(room) {
        let is_selected = Some(entry.id()) == selected;
        let style = if is_selected { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        let mark = if is_selected { '>' } else { ' ' };
        let many = folds.count(entry);
        let texts = if beside {
            two(entry, many, now, width, mark)
        } else {
            vec![one(entry, many, now, width, mark)]
        };
        lines.extend(texts.into_iter().map(|text| Line::styled(text, style)));
    }
    let space = height.saturating_sub(lines.len()).saturating_sub(below.len());
    lines.extend(std::iter::repeat_n(Line::raw(""), space));
    let style = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
    lines.extend(below.iter().map(|note| Line::styled(row::fit(note, width), style)));
    draw_lines(frame, area, lines);
}

fn one(entry: &Entry, many: usize, now: Moment, width: usize, mark: char) -> String {
    let left = format!("{:>6}", dates::left(entry.left(now)));
    let head = format!("{mark} {:<6} ", entry.want().kind());
    let who = row::fit(who(entry, many).as_str(), WHO);
    let room =
        [&head, &left, &who].iter().fold(width, |room, part| room.saturating_sub(part.chars().count()));
    format!("{head}{} {who}{left}", row::fit(&text(entry, many), room.saturating_sub(1)))
}

fn two(entry: &Entry, many: usize, now: Moment, width: usize, mark: char) -> Vec<String> {
    let left = format!("{:>6}", dates::left(entry.left(now)));
    let head = format!("{mark} {:<6} ", entry.want().kind());
    let room = width.saturating_sub(head.chars().count()).saturating_sub(left.chars().count());
    let who = row::fit(who(entry, many).as_str(), width.saturating_sub(head.chars().count()));
    vec![
        format!("{head}{}{left}", row::fit(&text(entry, many), room)),
        format!("{}{who}", " ".repeat(head.chars().count())),
    ]
}

fn who(entry: &Entry, many: usize) -> Printable {
    let caller = &entry.filing().caller;
    if many > 1 { caller.family_name().clone() } else { caller.name() }
}

fn text(entry: &Entry, many: usize) -> String {
    let short = if entry.waits() { entry.short() } else { Printable::line("being looked up") };
    let text =
        if entry.needs_code().is_some() { format!("[code] {short}") } else { short.as_str().to_owned() };
    if many > 1 { format!("[{many} asks] {text}") } else { text }
}

/// What else is to be known about the list.
pub(super) fn notes(docket: &Docket, now: Moment) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(filter) = docket.filter() {
        let filter = row::clip(Printable::line(filter).as_str(), FILTER);
        let (seen, all) = (docket.fitting().count(), docket.listed().count());
        notes.push(format!("filter '{filter}': {seen} of {all}; Esc shows all"));
    }
    if let Some(entry) = docket.selected() {
        let many = docket.folds().count(entry);
        if many > 1 {
            notes.push(format!("{many} asks have one line: M denies them all, and more for {MINUTES} min"));
        }
    }
    notes.extend(muted(docket, now));
    notes.extend(silently(docket, now));
    notes
}

/// Who was muted last, and how to take it back.
pub(super) fn muted(docket: &Docket, now: Moment) -> Option<String> {
    let mute = docket.refusals().newest()?;
    let left = dates::lasts(mute.until.since(now));
    Some(format!("{} muted for {left}, {} denied; U lets it ask", mute.who, mute.denied))
}

/// How many asks were denied without asking, if there was one lately.
pub(super) fn silently(docket: &Docket, now: Moment) -> Option<String> {
    let (count, last) = docket.refusals().silently();
    let (when, who) = last?;
    (now.since(*when) < LATELY).then(|| format!("{count} denied unasked, last {who}"))
}
