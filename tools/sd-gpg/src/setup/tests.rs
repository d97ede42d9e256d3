use std::path::Path;

use super::*;

fn place() -> (tempfile::TempDir, Config) {
    let place = tempfile::tempdir().unwrap();
    let config = Config { scope: Scope::Global, dry_run: false, folder: Some(place.path().to_owned()) };
    (place, config)
}

fn file(place: &tempfile::TempDir) -> String {
    std::fs::read_to_string(place.path().join(".gitconfig")).unwrap_or_default()
}

const PROGRAM: &str = "/usr/bin/sd-gpg";

fn sets_up(config: &Config, key: Option<&str>) -> String {
    set_up(config, key.map(str::to_owned), Path::new(PROGRAM)).unwrap().join("\n")
}

#[test]
fn it_sets_what_git_needs_and_undo_leaves_nothing_of_it() {
    let (place, config) = place();
    let said = sets_up(&config, Some("0123456789ABCDEF0123456789ABCDEF01234567"));
    assert!(
        said.contains("gpg.program = /usr/bin/sd-gpg   in your git configuration (not set before)"),
        "{said}"
    );
    assert_eq!(config.own("gpg.program").unwrap().as_deref(), Some(PROGRAM));
    assert!(config.own("user.signingkey").unwrap().is_some());
    undo(&config).unwrap();
    let left: Vec<String> =
        file(&place).lines().filter(|line| !line.starts_with('[')).map(str::to_owned).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_was_set_before_comes_back_also_after_a_second_setup() {
    let (_place, config) = place();
    config.set("gpg.program", "/opt/gpg").unwrap();
    config.set("gpg.format", "ssh").unwrap();
    config.set("user.signingkey", "OLD").unwrap();
    sets_up(&config, Some("ONE"));
    let said = sets_up(&config, Some("TWO"));
    assert!(said.contains("is /usr/bin/sd-gpg already"), "{said}");
    assert_eq!(config.own("gpg.format").unwrap().as_deref(), Some("openpgp"));
    undo(&config).unwrap();
    for (name, value) in [("gpg.program", "/opt/gpg"), ("gpg.format", "ssh"), ("user.signingkey", "OLD")] {
        assert_eq!(config.own(name).unwrap().as_deref(), Some(value));
    }
    assert!(undo(&config).unwrap()[0].starts_with("nothing of this program's is set"));
}

#[test]
fn what_a_person_changed_since_stays() {
    let (_place, config) = place();
    sets_up(&config, None);
    config.set("gpg.program", "/opt/other").unwrap();
    let said = undo(&config).unwrap().join("\n");
    assert!(said.contains("gpg.program was changed since and stays as it is: /opt/other"), "{said}");
    assert_eq!(config.own("gpg.program").unwrap().as_deref(), Some("/opt/other"));
}

#[test]
fn a_dry_run_says_it_all_and_writes_nothing() {
    let (place, config) = place();
    let config = Config { dry_run: true, ..config };
    assert!(sets_up(&config, Some("KEY")).contains("user.signingkey = KEY"));
    assert_eq!(file(&place), "");
}

#[test]
fn two_values_of_one_name_could_not_be_put_back_and_are_refused() {
    let (_place, config) = place();
    config.add("gpg.program", "a").unwrap();
    config.add("gpg.program", "b").unwrap();
    let refused = set_up(&config, None, Path::new(PROGRAM)).unwrap_err().to_string();
    assert!(refused.contains("gpg.program is set 2 times"), "{refused}");
}

#[test]
fn only_the_word_setup_itself_is_not_gpgs() {
    let is = |line: &[&str]| is_wanted(&line.iter().map(OsString::from).collect::<Vec<_>>());
    assert!(is(&["setup"]) && is(&["setup", "--undo"]));
    assert!(!is(&["--verify", "setup"]) && !is(&[]));
}
