//! What a word of the command line may become.

use sd_wire::id::AskId;

use crate::docket::Docket;
use crate::docket::command;
use crate::docket::entry::Entry;
use crate::docket::event::Moment;
use crate::docket::line::last_word;

impl Docket {
    /// What the last word of an unfinished command may become; each begins with that word.
    pub(super) fn candidates(&self, now: Moment, head: &str) -> Vec<String> {
        let word = last_word(head);
        let before = head.get(..head.len().saturating_sub(word.len())).unwrap_or_default();
        let mut before = before.split_whitespace();
        let mut all = match (before.next(), before.next()) {
            (None, _) => command::names(),
            (Some(first), None) => match command::name(first).as_deref() {
                Some("show") => self.ids().into_iter().map(|id| id.as_str().to_owned()).collect(),
                Some("revoke") => self.revocable(now),
                Some("help") => command::names(),
                _ => Vec::new(),
            },
            (Some(_), Some(_)) => Vec::new(),
        };
        all.retain(|candidate| candidate.starts_with(word));
        all
    }

    /// The one ask whose id begins so.
    ///
    /// # Errors
    /// That there is none or more than one, in words.
    pub(super) fn by_beginning(&self, beginning: &str) -> Result<AskId, String> {
        let mut fitting = self.ids();
        fitting.retain(|id| id.as_str().starts_with(beginning));
        match (fitting.pop(), fitting.len()) {
            (Some(id), 0) => Ok(id),
            (Some(_), more) => Err(format!(
                "{} asks have an id that begins so. Type more of it; Tab shows them.",
                more.saturating_add(1)
            )),
            (None, _) => {
                Err("No ask has an id that begins so. `pending` and `history` show them.".to_owned())
            }
        }
    }

    /// The ids that are on the screen's pages: first what is pending, then what was decided, the newest first.
    fn ids(&self) -> Vec<AskId> {
        let pending = self.listed().map(Entry::id);
        let decided = self.history.newest().map(|decision| &decision.id);
        let mut ids: Vec<AskId> = Vec::new();
        for id in pending.chain(decided) {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids
    }

    fn revocable(&self, now: Moment) -> Vec<String> {
        let grants = self.grants(now).map(|grant| grant.number);
        let mutes = self.refusals.mutes().iter().map(|mute| mute.number);
        let mut numbers: Vec<u64> = grants.chain(mutes).collect();
        numbers.sort_unstable();
        numbers.iter().map(u64::to_string).chain(["all".to_owned()]).collect()
    }
}
