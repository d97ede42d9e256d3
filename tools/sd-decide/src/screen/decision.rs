//! A decision of the past in words.

use ratatui::text::Line;
use sd_wire::ask::Resolution;

use crate::docket::history::{Decided, Decision};
use crate::screen::around::Around;
use crate::screen::row;

/// The columns of how it was decided and how it ended.
const HOW: usize = 20;

/// How it was decided and how it ended: `y: granted`.
pub(super) fn how(decision: &Decision) -> String {
    let open = if decision.is_past() { "end not recorded" } else { "under way" };
    let ended = decision.ended.map_or(open, Resolution::as_str);
    let by = match &decision.decided {
        Decided::Yes => "y".to_owned(),
        Decided::Code => "code".to_owned(),
        Decided::Granted(minutes) => format!("g {minutes} min"),
        Decided::ByGrant(number) => format!("grant {number}"),
        Decided::No => "n".to_owned(),
        Decided::NoAndMuted(minutes) => format!("m {minutes} min"),
        Decided::WrongCode => "wrong code".to_owned(),
        Decided::Muted => "muted".to_owned(),
        Decided::Remembered => "repeated".to_owned(),
        Decided::Everything => "deny-all".to_owned(),
        Decided::Rule(name) => format!("rule {name}"),
        Decided::Nobody => return ended.to_owned(),
    };
    format!("{by}: {ended}")
}

/// It on one line.
pub(super) fn line(decision: &Decision, around: &Around, width: usize) -> Line<'static> {
    let head = format!(" {}  {:<7}", around.time(decision.when), decision.kind);
    let room = width.saturating_sub(head.chars().count()).saturating_sub(HOW).saturating_sub(3);
    let who = room / 2;
    Line::raw(format!(
        "{head} {} {} {}",
        row::fit(decision.what.as_str(), room.saturating_sub(who)),
        row::fit(decision.who.as_str(), who),
        row::fit(&how(decision), HOW),
    ))
}

/// It on two lines, with its id.
pub(super) fn two(decision: &Decision, around: &Around, width: usize) -> [Line<'static>; 2] {
    let head = format!(" {}  {:<7}", around.time(decision.when), decision.kind);
    let room = width.saturating_sub(head.chars().count()).saturating_sub(HOW).saturating_sub(2);
    let first =
        format!("{head} {} {}", row::fit(decision.what.as_str(), room), row::fit(&how(decision), HOW));
    let why = decision.why.map(|why| format!("   {why}")).unwrap_or_default();
    let second = format!("           {}   {}{why}", decision.id, decision.who);
    [Line::raw(first), Line::raw(row::clip(&second, width))]
}
