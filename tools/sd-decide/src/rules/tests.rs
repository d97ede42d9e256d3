//! What the rules say, and what a file may say.

use std::collections::BTreeMap;
use std::time::Duration;

use sd_wire::ask::Want;
use sd_wire::bounded::{Attributes, List, Text};
use sd_wire::change::Change;
use sd_wire::fetch::{MAX_HIDDEN, Order};
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::metadata::Metadata;
use sd_wire::path::{CollectionPath, ItemPath};

use super::kind::KINDS;
use super::*;

const ITEM: &str = "/org/freedesktop/secrets/collection/login/7";

fn rules(text: &str) -> Rules {
    Rules::parse(&format!("version = 1\n{text}")).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

/// What is wrong with a rule of these lines, of which the first is the file's fourth.
fn wrong(lines: &str) -> String {
    let text = format!("version = 1\n[[rule]]\nname = \"a rule\"\n{lines}");
    Rules::parse(&text).map(|_| ()).expect_err(lines).to_string()
}

fn one(lines: &str) -> Rules {
    rules(&format!("[[rule]]\nname = \"a rule\"\n{lines}"))
}

fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn thing(label: &str) -> Thing<'_> {
    Thing { item: Some(ITEM), collection: Some("Login"), label: Some(label), attributes: None }
}

fn read<'a>(things: &'a [Thing<'a>]) -> Subject<'a> {
    Subject { kind: "read", things, key: None, processes: &["secret-tool", "bash", "firefox"] }
}

fn denies(rules: &Rules, subject: &Subject<'_>) -> bool {
    rules.judge(subject).deny.is_some()
}

#[test]
fn a_file_without_a_word_is_no_rules_and_needs_no_version() {
    for text in ["", "\n\n", "# only this\n", "version = 1\n", "\u{feff}# begins with a mark\n"] {
        assert!(Rules::parse(text).unwrap().list().is_empty(), "{text:?}");
    }
    assert_eq!(Rules::default().judge(&read(&[])), Judgement::default());
}

#[test]
fn the_setting_is_one_of_three_words_and_matched_when_there_is_none() {
    assert_eq!(Rules::parse("").unwrap().metadata(), Metadata::Matched);
    for metadata in Metadata::ALL {
        let word = metadata.as_str();
        assert_eq!(rules(&format!("metadata = '{word}'")).metadata(), metadata);
        let with_rule = format!("metadata = '{word}'\n[[rule]]\nname = 'a'\nkind = 'read'\ndeny = true");
        assert_eq!(rules(&with_rule).metadata(), metadata);
    }
    for (text, why) in [
        ("version = 1\nmetadata = 'all'", "2:12: `metadata` is one of \"matched\", \"open\", \"hidden\""),
        ("version = 1\nmetadata = true", "2:12: a text in quotes must stand here"),
        ("metadata = 'open'", "1:1: the file must say `version = 1` before its rules"),
    ] {
        assert_eq!(Rules::parse(text).map(|_| ()).unwrap_err().to_string(), why);
    }
    let inside = "version = 1\n[[rule]]\nname = 'a'\nkind = 'read'\ndeny = true\nmetadata = 'open'";
    assert!(Rules::parse(inside).is_err(), "it is no word of a rule");
}

#[test]
fn all_matchers_must_fit() {
    let rules = one("kind = 'read'\nlabel = 'Bank*'\nprocess = 'fire*'\ndeny = true");
    let (bank, other) = ([thing("Bank of Ada")], [thing("a bank")]);
    assert!(denies(&rules, &read(&bank)));
    assert!(!denies(&rules, &read(&other)));
    assert!(!denies(&rules, &Subject { kind: "delete", ..read(&bank) }));
    assert!(!denies(&rules, &Subject { processes: &["bash"], ..read(&bank) }));
    assert_eq!(rules.judge(&read(&bank)).deny.as_deref(), Some("a rule"));
}

#[test]
fn attributes_collection_and_item_are_matched_too() {
    let rules = one(&format!(
        "item = '{ITEM}'\ncollection = 'Log*'\nattributes = {{ service = 'bank*', user = '*' }}\ndeny = true"
    ));
    let (all, less) =
        (attributes(&[("service", "bank.org"), ("user", "")]), attributes(&[("service", "bank")]));
    let with = |attributes| [Thing { attributes: Some(attributes), ..thing("x") }];
    assert!(denies(&rules, &read(&with(&all))));
    assert!(!denies(&rules, &read(&with(&less))), "an attribute that is not there fits nothing");
    let elsewhere = [Thing { collection: Some("Other"), ..with(&all)[0] }];
    assert!(!denies(&rules, &read(&elsewhere)));
}

#[test]
fn one_of_several_items_is_enough_but_two_halves_are_not() {
    let rules = one(&format!("item = '{ITEM}'\nlabel = 'Bank*'\ndeny = true"));
    let other = Thing { item: Some("/org/freedesktop/secrets/collection/login/8"), ..thing("Bank") };
    assert!(denies(&rules, &Subject { kind: "access", ..read(&[other, thing("Bank")]) }));
    assert!(!denies(&rules, &Subject { kind: "access", ..read(&[other, thing("x")]) }));
}

#[test]
fn what_is_not_known_yet_does_not_fit_and_what_is_known_does_already() {
    let rules = rules(
        "[[rule]]\nname = 'label'\nlabel = '*'\ndeny = true\nkind = 'read'\n\
         [[rule]]\nname = 'all reads'\nkind = 'read'\nrate = '5/min'\n\
         [[rule]]\nname = 'these reads'\nlabel = '*'\nrate = '5/min'\n",
    );
    let filed = rules.judge(&read(&[Thing { item: Some(ITEM), ..Thing::default() }]));
    assert_eq!((filed.deny.as_deref(), filed.rates.len()), (None, 1));
    let described = rules.judge(&read(&[thing("x")]));
    assert_eq!(described.deny.as_deref(), Some("label"));
    let since: Vec<_> = described.rates_since(&filed).into_iter().map(|rate| rate.rule).collect();
    assert_eq!(since, ["these reads".into()], "each rate counts an ask once");
}

#[test]
fn an_alias_of_a_collection_leads_around_no_item_pattern() {
    let rules = one(&format!("item = '{ITEM}'\ndeny = true"));
    let alias = [Thing { item: Some("/org/freedesktop/secrets/aliases/default/7"), ..Thing::default() }];
    assert!(denies(&rules, &read(&alias)));
}

#[test]
fn a_caller_that_was_gone_before_anybody_looked_fits_every_name() {
    let rules = one("process = 'firefox'\ndeny = true");
    assert!(denies(&rules, &Subject { processes: &[], ..read(&[]) }));
    assert!(!denies(&rules, &Subject { processes: &["bash"], ..read(&[]) }));
}

#[test]
fn a_key_is_matched_by_the_end_of_its_fingerprint_in_either_case() {
    let rules = one("key = '89abcdef01234567'\nconfirm = 'code'");
    let sign = |key| Subject { kind: "sign", key, ..Subject::default() };
    assert!(rules.judge(&sign(Some("0123456789ABCDEF0123456789ABCDEF01234567"))).code.is_some());
    assert!(rules.judge(&sign(Some("89ABCDEF012345670123456789ABCDEF01234568"))).code.is_none());
    assert!(rules.judge(&sign(None)).code.is_none());
}

#[test]
fn the_strictest_wins() {
    let rules = rules(
        "[[rule]]\nname = 'a'\nkind = 'read'\nexpire = 60\n\
         [[rule]]\nname = 'b'\nprocess = 'firefox'\nexpire = 30\nconfirm = 'code'\nrate = '3/hour'\n\
         [[rule]]\nname = 'c'\nprocess = 'fire*'\nconfirm = 'code'\nexpire = 90\nrate = '9/min'\n",
    );
    let judgement = rules.judge(&read(&[]));
    assert_eq!(judgement.expire, Some(Duration::from_secs(30)));
    assert_eq!(judgement.code.as_deref(), Some("b"));
    let rates: Vec<_> = judgement.rates.iter().map(|rate| (rate.most, rate.window.as_secs())).collect();
    assert_eq!(rates, [(3, 3600), (9, 60)]);
}

#[test]
fn nobody_is_kept_from_locking() {
    let rules = one("process = '*'\ndeny = true");
    assert!(denies(&rules, &read(&[])));
    assert_eq!(rules.judge(&Subject { kind: "lock", ..read(&[]) }), Judgement::default());
    assert!(wrong("kind = 'lock'\ndeny = true").starts_with("4:8: nobody can be kept from locking"));
}

#[test]
fn where_nobody_is_asked_there_is_no_code_and_no_time_limit() {
    let rules = one("process = '*'\nconfirm = 'code'\nexpire = 5\nrate = '1/min'");
    let search = rules.judge(&Subject { kind: "search", ..read(&[]) });
    assert_eq!((search.code, search.expire, search.rates.len()), (None, None, 1));
}

#[test]
fn what_is_hidden_depends_on_who_searches() {
    let rules = rules(
        "[[rule]]\nname = 'for all'\nlabel = 'Bank*'\nhide = true\n\
         [[rule]]\nname = 'for one'\nkind = 'search'\nattributes.service = 'mail'\nprocess = 'firefox'\nhide = true\n\
         [[rule]]\nname = 'not about searches'\nkind = 'read'\ndeny = true\n",
    );
    let search = Subject { kind: "search", ..read(&[]) };
    let hidden = rules.hidden(&search);
    assert_eq!(hidden.len(), 2);
    assert_eq!(hidden[0].label.as_ref().unwrap().as_str(), "Bank*");
    assert!(hidden[0].item.is_none() && hidden[0].attributes.is_empty());
    assert_eq!(hidden[1].attributes.values().next().unwrap().as_str(), "mail");
    assert_eq!(rules.hidden(&Subject { processes: &["cat"], ..search }).len(), 1);
    assert_eq!(rules.judge(&search), Judgement::default(), "the search itself goes on");
}

#[test]
fn the_most_that_can_be_hidden_fits_into_an_order_beside_the_most_attributes() {
    let rule = |n: usize| format!("[[rule]]\nname = '{n}'\nlabel = '{n}{}'\nhide = true\n", "x".repeat(330));
    let text: String = (0..MAX_HIDDEN).map(rule).collect();
    let hidden = List::new(rules(&text).hidden(&Subject::default())).unwrap();
    let entry = |n: usize| (format!("{n:03}{}", "n".repeat(61)), "\"".repeat(64));
    let attributes = Attributes::new((0..Attributes::MAX_ENTRIES).map(entry)).unwrap();
    let path = format!("/org/freedesktop/secrets/collection/{}", "c".repeat(400));
    let collection = Some(CollectionPath::parse(&path).unwrap());
    let id = AskId::from_random([7; 8]);
    let line = Order::Search { id, collection, attributes, hidden, describe: true }.to_line().unwrap();
    assert!(line.len() > 48 * 1024, "{} bytes: the test means to be at the limits", line.len());
    let more = format!("version = 1\n{text}")
        .replace("hide", "# hide\nhide")
        .replace(&"x".repeat(330), &"x".repeat(400));
    assert!(Rules::parse(&more).unwrap_err().reason.starts_with("all that is hidden takes more than"));
}

#[test]
fn the_kinds_are_those_of_the_asks() {
    let item = ItemPath::parse(ITEM).unwrap();
    let wants = [
        Want::Read { item: item.clone() },
        Want::Access { items: List::default() },
        Want::Search { collection: None, attributes: Attributes::default() },
        Want::Collections {},
        Want::Store {
            collection: item.collection(),
            label: Text::default(),
            attributes: Attributes::default(),
            replace: false,
            content_type: Text::default(),
        },
        Want::Import { collection: item.collection(), replace: false },
        Want::Delete { item: item.clone() },
        Want::List { collection: None },
        Want::SetSecret { item: item.clone(), content_type: Text::default() },
        Want::Change { change: Change::ItemLabel { item, label: Text::default() } },
        Want::Sign { key: Text::default(), objects: false },
        Want::Unlock {},
        Want::Lock {},
    ];
    let asked: Vec<&str> = wants.iter().map(Want::kind).filter(|kind| *kind != "lock").collect();
    let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(asked, known);
}

#[test]
fn each_rule_is_one_sentence() {
    let says = |lines: &str| one(lines).list()[0].says.clone();
    assert_eq!(
        says("kind = 'read'\nlabel = 'Bank*'\nprocess = 'firefox'\ndeny = true"),
        "denies read of label Bank* by firefox"
    );
    assert_eq!(
        says(
            "kind = ['read', 'access', 'delete']\nattributes = { service = 'a bank' }\nconfirm = 'code'\nexpire = 60"
        ),
        "requires a code for and gives at most 60 s to read, access and delete of attribute service = \"a bank\""
    );
    assert_eq!(
        says("process = 'chrom*'\nrate = '5/min'"),
        "lets a process make at most 5 a minute of every ask by chrom*"
    );
    assert_eq!(says("label = 'x'\nhide = true"), "hides items of label x from every search");
    assert_eq!(says("process = 'sh'\nhide = true"), "hides all items from every search by sh");
    assert_eq!(
        says("label = 'x'\nhide = true\ndeny = true"),
        "denies every ask of label x; hides such items from search"
    );
    assert_eq!(says("label = \"a\\u001b[2J\"\ndeny = true"), "denies every ask of label a\\x1b[2J");
    let listed = rules("\n\n[[rule]]\nname = 'n'\nlabel = 'x'\ndeny = true").list();
    assert_eq!((listed[0].line, listed[0].name.as_str()), (4, "n"));
}

#[test]
fn there_is_no_word_that_approves() {
    for word in ["approve", "allow", "grant", "yes", "permit", "trust"] {
        let why = wrong(&format!("kind = 'read'\n{word} = true"));
        assert!(why.starts_with(&format!(
            "5:1: unknown word `{word}`: a rule only restricts, and may hold name; kind"
        )));
    }
    assert!(wrong("kind = 'read'\ndeny = false").starts_with("5:8: only `true` can stand here"));
    assert!(wrong("kind = 'read'\nconfirm = 'none'").starts_with("5:11: only \"code\""));
}

#[test]
fn each_mistake_is_named_where_it_stands() {
    for (lines, why) in [
        ("deny = true", "2:1: the rule fits everything"),
        ("kind = 'read'", "2:1: the rule does nothing"),
        ("kind = 'raed'\ndeny = true", "4:8: there is no kind `raed`; there are read, access, "),
        ("kind = ['read', 'read']\ndeny = true", "4:17: `read` stands here already"),
        ("kind = []\ndeny = true", "4:8: no kind at all"),
        ("kind = 3\ndeny = true", "4:8: a text in quotes"),
        ("label = ''\ndeny = true", "4:9: a pattern cannot be empty"),
        ("label = ['a']\ndeny = true", "4:9: a text in quotes"),
        ("attributes = {}\ndeny = true", "4:14: no attribute at all"),
        ("attributes = 'x'\ndeny = true", "4:14: `attributes` is a table"),
        ("attributes.a = 3\ndeny = true", "4:16: a text in quotes"),
        ("key = '0x0123456789abcdef'\ndeny = true", "4:7: a key is its fingerprint"),
        ("key = '123456789abcdef'\ndeny = true", "4:7: a key is its fingerprint"),
        (
            "kind = 'read'\nkey = '0123456789abcdef'\ndeny = true",
            "5:7: `key` never fits kind `read`, only sign",
        ),
        ("label = 'x'\nkey = '0123456789abcdef'\ndeny = true", "5:7: no ask is about a key and an item"),
        ("kind = ['read', 'search']\nlabel = 'x'\ndeny = true", "5:9: `label` never fits kind `search`"),
        (
            "kind = 'search'\nlabel = 'x'\nhide = true\nrate = '1/min'",
            "5:9: `label` never fits kind `search`",
        ),
        ("kind = ['read', 'search']\nhide = true", "4:8: `hide` is about searches"),
        ("collection = 'Login'\nhide = true", "4:14: a search does not see the collection's label"),
        ("key = '0123456789abcdef'\nhide = true", "4:7: `hide` is about items"),
        ("kind = ['read', 'search']\nconfirm = 'code'", "5:11: `search` waits for no key"),
        ("kind = 'collections'\nexpire = 5", "5:10: `collections` waits for no key"),
        ("kind = 'read'\nexpire = 4", "5:10: a whole number of seconds from 5 to 900"),
        ("kind = 'read'\nexpire = 901", "5:10: a whole number"),
        ("kind = 'read'\nexpire = -5", "5:10: a whole number"),
        ("kind = 'read'\nexpire = 5.0", "5:10: a whole number"),
        ("kind = 'read'\nexpire = 99999999999999999999999", "5:10: a whole number"),
        ("kind = 'read'\nrate = '0/min'", "5:8: a rate is"),
        ("kind = 'read'\nrate = '+5/min'", "5:8: a rate is"),
        ("kind = 'read'\nrate = '601/min'", "5:8: a rate is"),
        ("kind = 'read'\nrate = '5/day'", "5:8: a rate is"),
        ("kind = 'read'\nrate = 5", "5:8: a rate is"),
        ("kind = 'read'\nrate = '5/min'\ndeny = true", "5:8: the rule denies already"),
        ("item = 'login/7'\ndeny = true", "4:8: fits no item"),
        ("item = '/org/freedesktop/secrets/collection/login'\ndeny = true", "4:8: fits no item"),
        ("process = 'gnome-keyring-daemon'\ndeny = true", "4:11: fits no process"),
        (
            "kind = 'read'\ndeny = true\n[[rule]]\nname = 'a rule'\nlabel = 'x'\ndeny = true",
            "7:8: the rule in line 2",
        ),
        (
            "kind = 'read'\ndeny = true\n[[rule]]\nname = 'b'\nkind = 'read'\ndeny = true",
            "6:1: the rule in line 2",
        ),
        ("kind = 'read'\nkind = 'read'\ndeny = true", "5:1: not TOML: duplicate key"),
        ("[rule.when]\nkind = 'read'", "4:7: unknown word `when`"),
        ("kind = 'read'\ndeny = true\n[other]", "6:2: unknown word `other`"),
    ] {
        let said = wrong(lines);
        assert!(said.starts_with(why), "{lines}\n{said}");
    }
}

#[test]
fn a_name_is_short_and_printable_and_there() {
    let named = |name: &str| {
        Rules::parse(&format!("version = 1\n[[rule]]\nname = {name}\nkind = 'read'\ndeny = true"))
    };
    assert!(named(&format!("'{}'", "é".repeat(64))).is_ok());
    for name in [&format!("'{}'", "x".repeat(65)), "''", "' x'", "\"a\\nb\"", "\"\\u202E\"", "'\\'", "7"] {
        assert_eq!(named(name).unwrap_err().line, 3, "{name}");
    }
    let without = Rules::parse("version = 1\n[[rule]]\nkind = 'read'\ndeny = true").unwrap_err();
    assert!(without.to_string().starts_with("2:1: the rule has no `name`"));
}

#[test]
fn another_version_is_not_guessed_at() {
    for text in [
        "version = 2\n[[newrule]]\n",
        "version = '1'\n",
        "[[rule]]\n",
        "rule = []\n",
        "version = 1\nrule = 3\n",
    ] {
        assert!(Rules::parse(text).is_err(), "{text}");
    }
}

#[test]
fn hostile_files_are_refused_by_a_place_in_them() {
    let long = format!("# {}\n", "x".repeat(MAX_FILE));
    let nested = format!("version = 1\nrule = {}", "[".repeat(30_000));
    let tables = format!("version = 1\nrule = {}", "{a=".repeat(20_000));
    let dotted = format!("version = 1\n{}x = 1", "a.".repeat(30_000));
    let many: String =
        (0..=MAX_RULES).map(|n| format!("[[rule]]\nname='{n}'\nlabel='{n}'\ndeny=true\n")).collect();
    let many = format!("version = 1\n{many}");
    for text in [&long, &nested, &tables, &dotted, &many, "a = \"\0\"", "\0", "version = 1\nx = \"\u{1b}[2J"]
    {
        let why = Rules::parse(text).unwrap_err().to_string();
        assert!(why.len() < 500 && !why.contains(char::is_control), "{why}");
    }
    assert_eq!(Rules::parse(&many).unwrap_err().line, 2 + 4 * MAX_RULES);
}

#[test]
fn the_example_of_the_documentation_is_valid() {
    let document = include_str!("../../../../docs/rules.md");
    let example = document.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(Rules::parse(example).unwrap().list().len(), example.matches("[[rule]]").count());
}
