//! Whether a rule means what its writer may think: one that never fits, or does nothing, protects nothing.

use sd_wire::pattern::Pattern;

use crate::rules::invalid::{Invalid, place};
use crate::rules::kind::{KINDS, Kind};
use crate::rules::reader::Draft;
use crate::rules::rule::{Rule, When};

/// The most bytes of hidden items on the wire: beside them an order still has room for the most attributes of a search.
pub(super) const MAX_HIDDEN_BYTES: usize = 24 * 1024;
/// The most bytes of a process's name: TASK_COMM_LEN of the kernel without its end.
const MAX_COMM: usize = 15;
/// What each path of an item begins with, but by an alias.
const ITEMS: &str = "/org/freedesktop/secrets/collection/";

/// The matchers whose facts depend on the kind of ask.
const OF_KINDS: [&str; 5] = ["item", "collection", "label", "attributes", "key"];
/// All matchers.
const MATCHERS: [&str; 7] = ["kind", "item", "collection", "label", "attributes", "key", "process"];
/// All effects.
const EFFECTS: [&str; 5] = ["deny", "hide", "confirm", "expire", "rate"];

/// Rules of drafts that all make sense.
pub(super) fn rules(text: &str, drafts: Vec<Draft>) -> Result<Vec<Rule>, Invalid> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut hidden = 0_usize;
    for draft in drafts {
        let Some(name) = &draft.name else {
            return Err(Invalid::at(
                text,
                draft.begin,
                "the rule has no `name`, by which the screen could call it",
            ));
        };
        for check in [complete, hides, knowable, asked, possible, needed] {
            check(&draft).map_err(|(word, why)| Invalid::at(text, draft.place(word), why))?;
        }
        for other in &rules {
            if *other.name == **name {
                let why = format!("the rule in line {} has this name already", other.line);
                return Err(Invalid::at(text, draft.place("name"), why));
            }
            if other.when == draft.when && other.then == draft.then {
                let why = format!("the rule in line {} says the same", other.line);
                return Err(Invalid::at(text, draft.begin, why));
            }
        }
        if draft.then.hide {
            let bytes = serde_json::to_vec(&draft.when.hidden()).map_or(MAX_HIDDEN_BYTES, |json| json.len());
            hidden = hidden.saturating_add(bytes);
            if hidden > MAX_HIDDEN_BYTES {
                let why = format!(
                    "all that is hidden takes more than {MAX_HIDDEN_BYTES} bytes; use shorter patterns"
                );
                return Err(Invalid::at(text, draft.place("hide"), why));
            }
        }
        let (line, _) = place(text, draft.begin);
        rules.push(Rule { name: name.as_str().into(), line, when: draft.when, then: draft.then });
    }
    Ok(rules)
}

impl Draft {
    fn has(&self, word: &str) -> bool {
        self.places.contains_key(word)
    }

    /// Where a word's value stands; the rule's beginning when it has none.
    fn place(&self, word: &str) -> usize {
        self.places.get(word).copied().unwrap_or(self.begin)
    }

    /// Whether `hide` is all it does.
    fn only_hides(&self) -> bool {
        self.then.hide && !EFFECTS.iter().any(|effect| *effect != "hide" && self.has(effect))
    }
}

/// The word that is wrong, and why.
type Verdict = Result<(), (&'static str, String)>;

fn wrong(word: &'static str, why: impl Into<String>) -> Verdict {
    Err((word, why.into()))
}

/// At least one matcher, at least one effect.
fn complete(draft: &Draft) -> Verdict {
    if !MATCHERS.iter().any(|word| draft.has(word)) {
        return wrong(
            "",
            format!("the rule fits everything; it needs at least one of {}", MATCHERS.join(", ")),
        );
    }
    if !EFFECTS.iter().any(|word| draft.has(word)) {
        return wrong("", format!("the rule does nothing; it needs at least one of {}", EFFECTS.join(", ")));
    }
    Ok(())
}

/// `hide` goes to the worker that searches, which knows items and nothing else.
fn hides(draft: &Draft) -> Verdict {
    let searches = |kinds: &[&Kind]| kinds.is_empty() || matches!(kinds, [kind] if kind.name == "search");
    if !draft.then.hide {
        Ok(())
    } else if !searches(&draft.when.kinds) {
        wrong("kind", "`hide` is about searches: leave `kind` out, or let it be \"search\" alone")
    } else if draft.has("collection") {
        wrong(
            "collection",
            format!("a search does not see the collection's label; use item = \"{ITEMS}NAME/*\""),
        )
    } else if draft.has("key") {
        wrong("key", "`hide` is about items, and no search finds a key")
    } else {
        Ok(())
    }
}

/// There are asks of which all that is matched can be known.
fn knowable(draft: &Draft) -> Verdict {
    // What a search finds has an item's facts, what searches has not.
    if draft.only_hides() {
        return Ok(());
    }
    for word in OF_KINDS.into_iter().filter(|word| draft.has(word)) {
        if let Some(kind) = draft.when.kinds.iter().find(|kind| !kind.knows(word)) {
            let knowing: Vec<&str> =
                KINDS.iter().filter(|kind| kind.knows(word)).map(|kind| kind.name).collect();
            let why =
                format!("`{word}` never fits kind `{kind}`, only {}; make two rules", knowing.join(", "));
            return wrong(word, why);
        }
    }
    let all = |kind: &Kind| OF_KINDS.iter().all(|word| !draft.has(word) || kind.knows(word));
    if !KINDS.iter().any(all) {
        return wrong("key", "no ask is about a key and an item at once; make two rules");
    }
    Ok(())
}

/// A code and a time limit are for asks that a person is asked about.
fn asked(draft: &Draft) -> Verdict {
    let unasked = draft.when.kinds.iter().find(|kind| !kind.waits);
    for word in ["confirm", "expire"] {
        if let Some(kind) = unasked.filter(|_| draft.has(word)) {
            return wrong(word, format!("`{kind}` waits for no key, so `{word}` does nothing for it"));
        }
    }
    Ok(())
}

/// There are texts that the patterns fit.
fn possible(draft: &Draft) -> Verdict {
    let When { item, process, .. } = &draft.when;
    if item.as_ref().is_some_and(|pattern| !fits_a_path(pattern)) {
        return wrong("item", format!("fits no item: their paths begin with {ITEMS}; or begin with *"));
    }
    let literal = |pattern: &Pattern| pattern.as_str().bytes().filter(|byte| *byte != b'*').count();
    if process.as_ref().is_some_and(|pattern| literal(pattern) > MAX_COMM) {
        return wrong("process", format!("fits no process: the kernel cuts their names to {MAX_COMM} bytes"));
    }
    Ok(())
}

fn fits_a_path(pattern: &Pattern) -> bool {
    let begin = pattern.as_str().split('*').next().unwrap_or_default();
    if pattern.as_str() == begin {
        return sd_wire::path::ItemPath::parse(begin).is_ok_and(|path| path.as_str().starts_with(ITEMS));
    }
    begin.starts_with(ITEMS) || ITEMS.starts_with(begin)
}

/// Beside `deny` nothing that only a person's yes could lead to.
fn needed(draft: &Draft) -> Verdict {
    for word in ["confirm", "expire", "rate"] {
        if draft.then.deny && draft.has(word) {
            return wrong(word, format!("the rule denies already, so `{word}` does nothing"));
        }
    }
    Ok(())
}
