//! git commit -S through the whole chain, with the real git and the real gpg.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use support::keys::{REPOSITORY, rig};
use support::on_a_terminal;

#[test]
fn an_approved_commit_verifies_with_the_real_gpg_and_the_public_key() {
    let (rig, public) = rig(&["--answer", "y"]);
    let run = rig.run(&format!(
        r#"{REPOSITORY}
        git commit -q -S -m 'the subject

the body'
        export GNUPGHOME="$HOME/verifier"; mkdir -m 700 "$GNUPGHOME"
        gpg -q --import {}
        git -c gpg.program=gpg verify-commit HEAD 2>&1
        gpgconf --kill all"#,
        public.display()
    ));
    assert_eq!(run.status, 0, "{}", run.all());
    assert!(run.stdout.contains("Good signature from \"Ada Example <ada@example.org>\""), "{}", run.all());
}

#[test]
fn the_screen_shows_who_signs_what_and_who_asks() {
    let (rig, _) = rig(&["--answer", "y", "--size", "120x60"]);
    let run = rig.run(&format!("{REPOSITORY} git commit -q -S -m 'the subject\n\nthe body'"));
    assert_eq!(run.status, 0, "{}", run.all());
    let shown = run.screens.join("\n");
    for fact in [
        "Ada Example <ada@example.org>",
        "the subject",
        "the body",
        "files       2 files: 1 added, 1 modified",
        "FILES, PROVED BY THE SIGNED HASHES",
        "│ > M one.txt",
        "│ > A two.txt",
        "repo",
        "main",
        "sd-gpg",
        "git (",
        "KERNEL ATTESTS",
        "CLAIMED, NOT CHECKED",
    ] {
        assert!(shown.contains(fact), "{fact:?} is not on the screen\n{}", run.all());
    }
}

#[test]
fn on_a_small_screen_a_long_commit_is_approved_only_after_its_end_was_seen() {
    let (rig, _) = rig(&["--answer", "y", "--size", "80x25"]);
    let run = rig.run(&format!("{REPOSITORY} git commit -q -S -m \"$(seq 60)\" && git log --format=%s"));
    assert_eq!(run.status, 0, "{}", run.all());
    let unseen = run.screens.iter().position(|s| s.contains("scroll to the end before approving")).unwrap();
    let armed = run.screens.iter().position(|s| s.contains("y approve")).unwrap();
    assert!(unseen < armed, "{}", run.all());
}

#[test]
fn a_denied_commit_is_not_made_and_git_says_why() {
    let (rig, _) = rig(&["--answer", "n"]);
    let commit = on_a_terminal("git commit -S -m denied");
    let run = rig.run(&format!("{REPOSITORY} {commit} && exit 9; git log --format=%s"));
    assert_eq!(run.status, 0, "{}", run.all());
    assert!(run.stdout.ends_with("\nstart\n"), "a commit was made: {}", run.all());
    assert!(run.stdout.contains("denied on the approval screen"), "{}", run.all());
}

#[test]
fn a_commit_that_nobody_answers_ends_by_expiry() {
    let (rig, _) = rig(&["--answer", "none", "--expire", "2"]);
    let run = rig.run(&format!("{REPOSITORY} {}", on_a_terminal("git commit -S -m late")));
    assert_ne!(run.status, 0, "{}", run.all());
    assert_ne!(run.status, 124, "{}", run.all());
    assert!(run.stdout.contains("nobody answered"), "{}", run.all());
}

#[test]
fn a_key_that_the_companion_does_not_have_is_named_as_the_reason() {
    let (rig, _) = rig(&["--answer", "y"]);
    let run = rig.run(&format!("{REPOSITORY} {}", on_a_terminal("git commit -Snobody@example.net -m x")));
    assert_ne!(run.status, 0, "{}", run.all());
    assert!(run.stdout.contains("the companion has no secret key of that name"), "{}", run.all());
}

#[test]
fn what_is_not_signing_goes_to_the_real_gpg_with_streams_and_status_untouched() {
    let (rig, public) = rig(&["--answer", "none"]);
    let run = rig.run(&format!(
        r#"set -eu; export GNUPGHOME="$HOME/own"; mkdir -m 700 "$GNUPGHOME"
        gpg -q --batch --list-keys 2> /dev/null # makes the keyring, and says so once
        for program in gpg sd-gpg; do
            $program --version > "$HOME/$program.version"
            $program --batch --list-keys > "$HOME/$program.list" 2>&1
            $program --batch --verify /dev/null > "$HOME/$program.verify" 2>&1 && exit 9; echo $? >> "$HOME/$program.verify"
            $program --batch --show-keys --with-colons < {} > "$HOME/$program.show"
        done
        for what in version list verify show; do cmp "$HOME/gpg.$what" "$HOME/sd-gpg.$what"; done
        gpgconf --kill all; echo same"#,
        public.display()
    ));
    assert_eq!((run.status, run.stdout.as_str()), (0, "same\n"), "{}", run.all());
}
