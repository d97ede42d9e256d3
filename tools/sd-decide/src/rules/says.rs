//! A rule in words.

use sd_wire::metadata::Metadata;
use sd_wire::pattern::Pattern;
use sd_wire::printable::Printable;

use crate::rules::rule::{Rule, When};

/// The most characters of a pattern in a sentence.
const MOST: usize = 60;

/// What the setting means, in one sentence.
pub(crate) fn metadata(metadata: Metadata) -> &'static str {
    match metadata {
        Metadata::Matched => {
            "matched: without a key a process learns which items match attributes that it knows"
        }
        Metadata::Open => {
            "open: without a key a process learns every item's label and attributes, but no secret"
        }
        Metadata::Hidden => {
            "hidden: without a key a process learns nothing of items, not even whether any match"
        }
    }
}

/// One sentence, printable: `denies read of label Bank* by firefox`.
pub(super) fn sentence(rule: &Rule) -> String {
    let (when, then) = (&rule.when, &rule.then);
    let mut effects = Vec::new();
    if then.deny {
        effects.push("denies".to_owned());
    }
    if then.code {
        effects.push("requires a code for".to_owned());
    }
    if let Some(expire) = then.expire {
        effects.push(format!("gives at most {} s to", expire.as_secs()));
    }
    if let Some((most, window)) = then.rate {
        let unit = if window.as_secs() == 60 { "a minute" } else { "an hour" };
        effects.push(format!("lets a process make at most {most} {unit} of"));
    }
    let (what, whose) = (facts(when), whose(when));
    if effects.is_empty() {
        let items = if what.is_empty() { "all items" } else { "items" };
        return format!("hides {items}{what} from every search{whose}");
    }
    let kinds: Vec<String> = when.kinds.iter().map(ToString::to_string).collect();
    let kinds = if kinds.is_empty() { "every ask".to_owned() } else { and(&kinds) };
    let hides = if then.hide { "; hides such items from search" } else { "" };
    format!("{} {kinds}{what}{whose}{hides}", and(&effects))
}

fn facts(when: &When) -> String {
    let mut facts = Vec::new();
    let mut fact = |word: &str, pattern: &Option<Pattern>| {
        facts.extend(pattern.as_ref().map(|pattern| format!("{word} {}", text(pattern.as_str()))));
    };
    fact("item", &when.item);
    fact("collection", &when.collection);
    fact("label", &when.label);
    for (name, pattern) in &when.attributes {
        facts.push(format!("attribute {} = {}", text(name), text(pattern.as_str())));
    }
    facts.extend(when.key.as_ref().map(|key| format!("key {key}")));
    if facts.is_empty() { String::new() } else { format!(" of {}", and(&facts)) }
}

fn whose(when: &When) -> String {
    when.process.as_ref().map(|name| format!(" by {}", text(name.as_str()))).unwrap_or_default()
}

/// In quotes where it would otherwise not be seen where it begins and ends.
fn text(from: &str) -> String {
    let printable = Printable::clipped(from, MOST);
    if from.contains([' ', '"', ',', ';']) {
        format!("\"{printable}\"")
    } else {
        printable.as_str().to_owned()
    }
}

fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}
