//! What holds for any text, any rules and any ask.

use proptest::prelude::*;

use super::kind::KINDS;
use super::*;

const LABELS: [&str; 4] = ["Bank", "Bank of Ada", "mail", ""];
const NAMES: [&str; 3] = ["firefox", "git", "bash"];
const ITEMS: [&str; 3] = [
    "/org/freedesktop/secrets/collection/login/7",
    "/org/freedesktop/secrets/collection/work/8",
    "/org/freedesktop/secrets/aliases/default/7",
];
const KEY: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

/// Lines of which some make a rule of sense.
fn lines() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        (0..KINDS.len()).prop_map(|n| format!("kind = '{}'", KINDS[n].name)),
        Just("kind = ['read', 'access', 'store', 'delete']".to_owned()),
        Just("item = '*/login/*'".to_owned()),
        Just("collection = 'Log*'".to_owned()),
        Just("label = 'Bank*'".to_owned()),
        Just("label = 'mail'".to_owned()),
        Just("attributes = { service = 'b*' }".to_owned()),
        Just(format!("key = '{KEY}'")),
        Just("process = 'f*'".to_owned()),
        Just("process = 'git'".to_owned()),
        Just("deny = true".to_owned()),
        Just("hide = true".to_owned()),
        Just("confirm = 'code'".to_owned()),
        (5..900_u64).prop_map(|n| format!("expire = {n}")),
        (1..9_u64).prop_map(|n| format!("rate = '{n}/min'")),
    ];
    prop::collection::vec(word, 2..5).prop_map(|words| words.join("\n"))
}

/// Texts of rules that are valid each by itself.
fn valid() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(lines(), 1..8).prop_map(|all| {
        let named = |(n, lines)| format!("[[rule]]\nname = '{n}'\n{lines}\n");
        let alone = |text: &String| Rules::parse(&format!("version = 1\n{text}")).is_ok();
        all.into_iter().enumerate().map(named).filter(alone).collect()
    })
}

/// As many of them as go together.
fn together(texts: &[String]) -> Rules {
    let mut good = String::from("version = 1\n");
    for text in texts {
        let more = format!("{good}{text}");
        if Rules::parse(&more).is_ok() {
            good = more;
        }
    }
    Rules::parse(&good).unwrap()
}

type Made = (usize, Vec<(usize, usize, bool)>, Vec<usize>, bool);

/// An ask: kind, things (item, label, has the attribute), processes, whether it has a key.
fn ask() -> impl Strategy<Value = Made> {
    let thing = (0..ITEMS.len(), 0..LABELS.len(), any::<bool>());
    let processes = prop::collection::vec(0..NAMES.len(), 0..3);
    (0..=KINDS.len(), prop::collection::vec(thing, 0..4), processes, any::<bool>())
}

/// Shows the ask as it is when it is filed, or when it is described.
fn as_subject<R>(
    (kind, things, processes, key): &Made,
    described: bool,
    see: impl FnOnce(&Subject<'_>) -> R,
) -> R {
    let bank = [("service".to_owned(), "bank".to_owned())].into_iter().collect();
    let none = std::collections::BTreeMap::new();
    let made = |(item, label, bank_too): &(usize, usize, bool)| Thing {
        item: Some(ITEMS[*item]),
        collection: described.then_some("Login"),
        label: described.then_some(LABELS[*label]),
        attributes: described.then_some(if *bank_too { &bank } else { &none }),
    };
    let things: Vec<Thing<'_>> = things.iter().map(made).collect();
    let processes: Vec<&str> = processes.iter().map(|n| NAMES[*n]).collect();
    let kind = KINDS.get(*kind).map_or("lock", |kind| kind.name);
    see(&Subject { kind, things: &things, key: (*key && described).then_some(KEY), processes: &processes })
}

fn judged(rules: &Rules, ask: &Made, described: bool) -> Judgement {
    as_subject(ask, described, |subject| rules.judge(subject))
}

/// Whether nothing that `before` takes away is given back by `after`.
fn as_strict(before: &Judgement, after: &Judgement) -> bool {
    let expires = match (before.expire, after.expire) {
        (Some(before), Some(after)) => after <= before,
        (before, _) => before.is_none(),
    };
    (before.deny.is_none() || after.deny.is_some())
        && (before.code.is_none() || after.code.is_some())
        && expires
        && before.rates.iter().all(|rate| after.rates.contains(rate))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = Rules::parse(&text);
    }

    #[test]
    fn no_text_of_the_files_own_words_makes_it_panic(
        text in "(version = 1|\\[\\[rule\\]\\]|name|kind|item|label|attributes|key|rate|expire|confirm|hide|deny|\\.|=|'|\"|\\{|\\}|\\[|\\]|read|\\*|/min|[0-9]|é|\\\\|true|\n| ){0,60}",
    ) {
        let after = format!("version = 1\n{text}");
        for text in [&text, &after] {
            if let Err(why) = Rules::parse(text) {
                prop_assert!(why.line >= 1 && why.column >= 1 && why.line <= text.split('\n').count());
            }
        }
    }

    #[test]
    fn a_valid_file_cut_anywhere_makes_nothing_panic(texts in valid(), cut in any::<prop::sample::Index>()) {
        let text = format!("version = 1\n{}", texts.concat());
        let cut = cut.index(text.len());
        let _ = Rules::parse(&text[..cut]);
    }

    #[test]
    fn one_more_rule_is_never_laxer(texts in valid(), ask in ask(), place in any::<prop::sample::Index>(), described in any::<bool>()) {
        prop_assume!(!texts.is_empty());
        let mut fewer = texts.clone();
        fewer.remove(place.index(texts.len()));
        // Both from the rules of the larger set, as a pair that says the same does not go together.
        let more = together(&texts);
        let names: Vec<String> = more.list().into_iter().map(|rule| rule.name).collect();
        let mut fewer = together(&fewer);
        fewer.rules.retain(|rule| names.contains(&rule.name.to_string()));
        prop_assert!(as_strict(&judged(&fewer, &ask, described), &judged(&more, &ask, described)));
        let hidden = |rules: &Rules| as_subject(&ask, described, |subject| rules.hidden(subject));
        let all = hidden(&more);
        prop_assert!(hidden(&fewer).iter().all(|one| all.contains(one)));
    }

    #[test]
    fn describing_an_ask_gives_nothing_back(texts in valid(), ask in ask()) {
        let rules = together(&texts);
        let (filed, described) = (judged(&rules, &ask, false), judged(&rules, &ask, true));
        prop_assert!(as_strict(&filed, &described));
        let since = described.rates_since(&filed);
        prop_assert_eq!(filed.rates.len() + since.len(), described.rates.len());
    }

    #[test]
    fn several_items_are_judged_as_strictly_as_each_of_them(texts in valid(), ask in ask()) {
        let rules = together(&texts);
        let all = judged(&rules, &ask, true);
        for thing in &ask.1 {
            let alone = (ask.0, vec![*thing], ask.2.clone(), ask.3);
            prop_assert!(as_strict(&judged(&rules, &alone, true), &all));
        }
    }

    #[test]
    fn a_lock_is_never_touched(texts in valid(), ask in ask()) {
        let lock = (KINDS.len(), ask.1, ask.2, ask.3);
        prop_assert_eq!(judged(&together(&texts), &lock, true), Judgement::default());
    }
}
