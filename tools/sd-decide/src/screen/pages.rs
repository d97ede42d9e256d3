//! The pages that commands open.

use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use sd_wire::ask::Resolution;
use sd_wire::id::AskId;
use sd_wire::printable::Printable;

use crate::dates;
use crate::docket::Docket;
use crate::docket::entry::{Entry, Face};
use crate::docket::event::Moment;
use crate::docket::grant::Grant;
use crate::docket::history::{Decision, KEPT};
use crate::docket::page::Page;
use crate::docket::refusals::Mute;
use crate::rules;
use crate::screen::around::Around;
use crate::screen::row::{self, Row, Trust};
use crate::screen::{decision, detail};

/// What stands above the page.
pub(super) fn title(page: &Page) -> String {
    match page {
        Page::History(_) => "History, newest first".to_owned(),
        Page::Show(id) => format!("Ask {id}"),
        Page::Pending => "Pending asks".to_owned(),
        Page::Grants => "Grants and mutes".to_owned(),
        Page::Rules => "Rules".to_owned(),
        Page::Status => "Status".to_owned(),
        Page::Text(_) => "Command line".to_owned(),
    }
}

/// The face of the pending ask that the page is about, if it is about one.
pub(super) fn face(page: &Page, docket: &Docket) -> Option<Face> {
    if let Page::Show(id) = page { listed(docket, id)?.face() } else { None }
}

/// The page in lines of at most `width` columns.
pub(super) fn lines(
    page: &Page,
    width: usize,
    docket: &Docket,
    around: &Around,
    now: Moment,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    match page {
        Page::History(count) => history(*count, width, docket, around, &mut lines),
        Page::Show(id) => return show(id, width, docket, around),
        Page::Pending => pending(width, docket, now, &mut lines),
        Page::Grants => wrap(&grants(docket, now), width, &mut lines),
        Page::Rules => wrap(&rules(docket), width, &mut lines),
        Page::Status => wrap(&status(docket, around, now), width, &mut lines),
        Page::Text(text) => {
            let text = text.lines().map(|line| Printable::line(line).as_str().to_owned());
            lines.extend(
                text.flat_map(|line| row::cut(&line, width.saturating_sub(1)))
                    .map(|line| Line::raw(format!(" {line}"))),
            );
        }
    }
    lines
}

fn wrap(rows: &[Row], width: usize, lines: &mut Vec<Line<'static>>) {
    rows.iter().for_each(|row| row.wrap(width, lines));
}

fn ours(name: &str, value: &str) -> Row {
    Row::fact(Trust::Ours, name, Printable::line(value))
}

fn listed<'a>(docket: &'a Docket, id: &AskId) -> Option<&'a Entry> {
    docket.listed().find(|entry| entry.id() == id)
}

fn history(count: usize, width: usize, docket: &Docket, around: &Around, lines: &mut Vec<Line<'static>>) {
    let kept = format!(
        " The last {KEPT} at most, also those from before this start, as far as sd-audit told them. `sd-audit show` has all. \
         :show ID shows one in full."
    );
    wrap(&[Row::Note(kept)], width, lines);
    let mut last = None;
    for entry in docket.history().newest().take(count) {
        let day = around.day(entry.when);
        if last.as_ref() != Some(&day) {
            let style = Style::new().add_modifier(Modifier::BOLD);
            lines.push(Line::styled(format!("── {day} {}", "─".repeat(width.saturating_sub(14))), style));
            last = Some(day);
        }
        lines.extend(decision::two(entry, around, width));
    }
    if last.is_none() {
        lines.push(Line::raw(" nothing was decided yet"));
    }
}

fn show(id: &AskId, width: usize, docket: &Docket, around: &Around) -> Vec<Line<'static>> {
    if let Some(entry) = listed(docket, id) {
        let mut lines = vec![Line::raw(" It is pending: to settle it, close this page and choose it.")];
        lines.extend(detail::lines(entry, width));
        return lines;
    }
    let mut rows = Vec::new();
    for decision in docket.history().newest().filter(|decision| decision.id == *id) {
        rows.extend(decided(decision, around));
    }
    if rows.is_empty() {
        rows.push(Row::Note(" There is no such ask, neither pending nor in the history.".to_owned()));
    }
    let mut lines = Vec::new();
    wrap(&rows, width, &mut lines);
    lines
}

fn decided(decision: &Decision, around: &Around) -> Vec<Row> {
    let when = format!("{} {} UTC", around.day(decision.when), around.time(decision.when));
    let open = if decision.is_past() {
        "not recorded: sd-decide ended before it was"
    } else {
        "under way: a worker is at it"
    };
    let ended = decision.ended.map_or(open, Resolution::as_str);
    let mut rows = vec![
        Row::Section(Trust::Ours, "DECIDED"),
        ours("when", &when),
        ours("kind", decision.kind),
        Row::fact(Trust::Ours, "what", decision.what.clone()),
        Row::fact(Trust::Looks, "who", decision.who.clone()),
        ours("how", &decision::how(decision)),
        ours("ended", ended),
    ];
    rows.extend(decision.why.map(|why| ours("why", &why.to_string())));
    rows
}

fn pending(width: usize, docket: &Docket, now: Moment, lines: &mut Vec<Line<'static>>) {
    for entry in docket.listed() {
        let left = format!("{} left", dates::left(entry.left(now)));
        let code = if entry.needs_code().is_some() { "   needs its code" } else { "" };
        let what = if entry.waits() { entry.short() } else { Printable::line("being looked up") };
        let head = format!(" {}   {:<6} ", entry.id(), entry.want().kind());
        let room = width.saturating_sub(head.chars().count()).saturating_sub(left.len()).saturating_sub(1);
        lines.push(Line::raw(format!("{head}{} {left}", row::fit(what.as_str(), room))));
        let who = format!("{}{}{code}", " ".repeat(head.chars().count()), entry.filing().caller.name());
        lines.push(Line::raw(row::clip(&who, width)));
    }
    if lines.is_empty() {
        lines.push(Line::raw(" nothing is pending"));
    }
}

/// A grant in words, with its number.
pub(super) fn grant(grant: &Grant, now: Moment) -> String {
    let left = dates::lasts(grant.until.since(now));
    format!("{}: {left} left   {}   {}", grant.number, grant.who, grant.what)
}

/// A mute in words, with its number.
pub(super) fn mute(mute: &Mute, now: Moment) -> String {
    format!("{}: {} left   {}", mute.number, dates::lasts(mute.until.since(now)), mute.who)
}

fn grants(docket: &Docket, now: Moment) -> Vec<Row> {
    let mut rows = vec![Row::Section(Trust::Ours, "GRANTS")];
    for grant in docket.grants(now) {
        let by = if grant.by_hand { "given by g" } else { "of a prompt, after a y" };
        let left = dates::lasts(grant.until.since(now));
        rows.push(ours(
            &format!("number {}", grant.number),
            &format!("{left} left, {by}, made use of: {}", grant.used),
        ));
        rows.push(Row::fact(Trust::Looks, "held by", grant.who.clone()));
        rows.push(Row::fact(Trust::Ours, "for", grant.what.clone()));
    }
    if rows.len() == 1 {
        rows.push(ours("", "none: every ask waits for its own key"));
    }
    rows.push(Row::Section(Trust::Ours, "MUTES"));
    let before = rows.len();
    for mute in docket.refusals().mutes() {
        let left = dates::lasts(mute.until.since(now));
        let text = format!("{left} left, denied meanwhile: {}", mute.denied);
        rows.push(ours(&format!("number {}", mute.number), &text));
        rows.push(Row::fact(Trust::Looks, "muted", mute.who.clone()));
    }
    if rows.len() == before {
        rows.push(ours("", "none: every process may ask"));
    }
    rows
}

fn rules(docket: &Docket) -> Vec<Row> {
    let listed = docket.rules().list();
    let metadata = ours("metadata", rules::says_metadata(docket.rules().metadata()));
    if listed.is_empty() {
        let none = " There are no rules: every ask waits for a key, and none is denied without you.";
        return vec![Row::Note(none.to_owned()), metadata];
    }
    let note = " Rules only restrict: none of them can approve anything.".to_owned();
    let mut rows = vec![Row::Note(note), metadata];
    for rule in listed {
        rows.push(ours(&format!("line {}", rule.line), &rule.name));
        rows.push(ours("", &rule.says));
    }
    rows
}

fn status(docket: &Docket, around: &Around, now: Moment) -> Vec<Row> {
    let started = Moment(0);
    let (silently, _) = docket.refusals().silently();
    let mut rows = vec![Row::Section(Trust::Ours, "STATUS"), ours("serves", &around.served())];
    rows.push(ours("since", &format!("{} {} UTC", around.day(started), around.time(started))));
    rows.push(ours("phrase", if around.phrase.is_some() { "set, in the header" } else { "none set" }));
    rows.push(ours("waiting", &docket.listed().count().to_string()));
    vault(docket, &mut rows);
    rows.push(ours("grants", &docket.grants(now).count().to_string()));
    rows.push(ours("mutes", &docket.refusals().mutes().len().to_string()));
    let everything = if docket.refusals().everything() { "DENIED, until :lift" } else { "is let in" };
    rows.push(ours("all asks", everything));
    rows.push(ours("unasked", &format!("{silently} denied without asking, since the start")));
    rows.push(ours("rules", &docket.rules().list().len().to_string()));
    rows.push(ours("metadata", docket.rules().metadata().as_str()));
    let (here, past) = docket.history().counts();
    rows.push(ours("history", &format!("{here} decisions since the start, {past} from before")));
    let record = if docket.is_unrecorded() {
        "NOT WRITTEN the last time: nothing is released without it"
    } else {
        "written before anything is released"
    };
    rows.push(ours("record", record));
    rows
}

/// Whether key and store are locked.
pub(super) fn vault(docket: &Docket, rows: &mut Vec<Row>) {
    let vault = docket.vault();
    let under_way = match (vault.is_unlocking(), vault.is_locking()) {
        (true, _) => ", being unlocked",
        (_, true) => ", being locked",
        _ => "",
    };
    for (name, locked) in [("key", vault.key_locked), ("store", vault.store_locked)] {
        let state = match locked {
            Some(true) => "LOCKED",
            Some(false) => "open",
            None => "not known: nobody could say",
        };
        rows.push(ours(name, &format!("{state}{under_way}")));
    }
}
