//! Which key of the companion's signs, through the whole chain: what git and the screen say when it may not.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::keys::{REPOSITORY, rig};
use support::{Rig, Run, on_a_terminal};

const ANOTHER: &str = "Ada Example <ada@example.org>";

fn home(rig: &Rig) -> PathBuf {
    rig.place().join("gnupg")
}

fn gpg(home: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new("gpg").arg("--homedir").arg(home).args(["--batch", "--yes"]).args(arguments).output();
    let Output { status, stdout, stderr } = output.unwrap();
    assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

fn fingerprint(home: &Path) -> String {
    let listed = gpg(home, &["--with-colons", "--list-keys"]);
    let print = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap();
    print.trim_end_matches(':').to_owned()
}

/// The agent of the test must not be in the way of the companion's, which is another user's as root.
fn end_agent(home: &Path) {
    assert!(
        Command::new("gpgconf")
            .arg("--homedir")
            .arg(home)
            .args(["--kill", "all"])
            .status()
            .unwrap()
            .success()
    );
}

fn provision(home: &Path, arguments: &[&str]) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_sd-rig")).with_file_name("sd-provision");
    let done =
        Command::new(program).arg("key").arg("--gnupghome").arg(home).args(arguments).output().unwrap();
    end_agent(home);
    done
}

/// A commit that fails, and time for the next picture.
fn commit(rig: &Rig) -> Run {
    rig.run(&format!(
        "{REPOSITORY} {} && exit 9; sleep 0.5; git log --format=%s",
        on_a_terminal("git commit -S -m refused")
    ))
}

#[test]
fn a_key_that_was_exchanged_is_refused_with_both_fingerprints_until_a_person_takes_it() {
    let (rig, _) = rig(&["--answer", "y", "--size", "120x60"]);
    let home = home(&rig);
    let first = fingerprint(&home);
    assert!(provision(&home, &["trust", &first]).status.success());
    gpg(&home, &["--delete-secret-and-public-key", &first]);
    gpg(&home, &["--passphrase", "", "--quick-gen-key", ANOTHER, "ed25519", "sign", "never"]);
    end_agent(&home);
    let second = fingerprint(&home);

    let run = commit(&rig);
    assert!(run.stdout.ends_with("\nstart\n"), "a commit was made: {}", run.all());
    // git's own words stand around it, and the terminal breaks lines.
    assert!(run.stdout.contains("THE SIGNING KEY IS ANOTHER ONE"), "{}", run.all());
    assert!(run.stdout.contains(&first) && run.stdout.contains(&second), "{}", run.all());
    let shown = run.screens.join("\n");
    assert!(!shown.contains("y approve"), "somebody was asked: {}", run.all());
    assert!(shown.contains("THE SIGNING KEY IS ANOTHER ONE"), "{}", run.all());
    assert!(shown.contains(&first) && shown.contains(&second), "{}", run.all());

    let taken = provision(&home, &["trust", &second]);
    assert!(taken.status.success(), "{taken:?}");
    let run = rig.run(&format!(
        "{} git commit -q -S -m taken && git log --format=%s",
        REPOSITORY.replace("repo", "again")
    ));
    assert_eq!((run.status, run.stdout.as_str()), (0, "taken\nstart\n"), "{}", run.all());
}

#[test]
fn a_key_that_has_expired_is_told_at_git_and_nobody_is_asked() {
    let (rig, _) = rig(&["--answer", "y"]);
    let home = home(&rig);
    gpg(&home, &["--quick-set-expire", &fingerprint(&home), "seconds=1"]);
    end_agent(&home);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let run = commit(&rig);
    assert!(run.stdout.ends_with("\nstart\n"), "a commit was made: {}", run.all());
    assert!(run.stdout.contains("the signing key has expired"), "{}", run.all());
    assert!(!run.screens.join("\n").contains("y approve"), "somebody was asked: {}", run.all());
}

#[test]
fn a_key_that_sd_provision_made_signs_and_verifies_where_it_was_published() {
    let (rig, _) = rig(&["--answer", "y"]);
    let home = home(&rig);
    gpg(&home, &["--delete-secret-and-public-key", &fingerprint(&home)]);
    let made = provision(
        &home,
        &["generate", "--no-passphrase", "--name", "Ada Example", "--email", "ada@example.org"],
    );
    assert!(made.status.success(), "{made:?}");
    let public = rig.place().join("made.asc");
    assert!(provision(&home, &["export-public", public.to_str().unwrap()]).status.success());
    let run = rig.run(&format!(
        r#"{REPOSITORY}
        git commit -q -S -m made
        export GNUPGHOME="$HOME/verifier"; mkdir -m 700 "$GNUPGHOME"
        gpg -q --import {}
        git -c gpg.program=gpg verify-commit HEAD 2>&1
        gpgconf --kill all"#,
        public.display()
    ));
    assert_eq!(run.status, 0, "{}", run.all());
    assert!(run.stdout.contains("Good signature from \"Ada Example <ada@example.org>\""), "{}", run.all());
}
