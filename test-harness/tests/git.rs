//! What git does with a gpg beside `git commit -S`, with the real git and the real gpg, all of it through sd-gpg.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use support::keys::{REPOSITORY, rig};

/// A keyring of the desktop user's with nothing but the public key in it, which is trusted. git verifies by it, through sd-gpg.
fn verifier(public: &std::path::Path) -> String {
    format!(
        r#"export GNUPGHOME="$HOME/verifier"; mkdir -m 700 "$GNUPGHOME"
        gpg -q --batch --import {} 2> /dev/null
        gpg --batch --with-colons --list-keys 2> /dev/null | sed -n 's/^fpr:*\([0-9A-F]*\):/\1:6:/p' |
            gpg -q --batch --import-ownertrust 2> /dev/null
        trap 'gpgconf --kill all' EXIT
        "#,
        public.display()
    )
}

#[test]
fn tags_merges_and_amended_commits_are_signed_and_verified_by_git_itself() {
    for format in ["sha1", "sha256"] {
        let (rig, public) = rig(&["--answer", "y", "--size", "120x60"]);
        let run = rig.run(&format!(
            r#"{} export GIT_DEFAULT_HASH={format}; {REPOSITORY}
            git commit -q -S -m first
            git commit -q --amend -S -m amended
            git tag -s -m 'the tag' v1
            git checkout -q -b topic HEAD~1; echo t > topic.txt; git add .; git commit -q -S -m topic
            git checkout -q main; git merge -q -S --verify-signatures -m merged topic
            git verify-commit HEAD HEAD^ HEAD^2; git verify-tag v1
            git log --format='%G? %s' -4; git log -1 --show-signature"#,
            verifier(&public)
        ));
        assert_eq!(run.status, 0, "{}", run.all());
        for line in ["G merged", "G topic", "G amended", "N start", "gpg: Good signature from \"Ada Example"]
        {
            assert!(run.stdout.contains(line), "{line} is missing: {}", run.all());
        }
        let shown = run.screens.join("\n");
        for fact in ["git tag", "tag         v1", "the tag", "1, 2 against its 2 parents", "parent 2 of 2"] {
            assert!(shown.contains(fact), "{fact:?} is not on the screen\n{}", run.all());
        }
    }
}

#[test]
fn a_signed_push_shows_which_refs_it_moves_and_the_receiver_finds_it_good() {
    let (rig, public) = rig(&["--answer", "y", "--size", "120x60"]);
    let run = rig.run(&format!(
        r#"{} {REPOSITORY}
        git init -q --bare "$HOME/bare"
        git -C "$HOME/bare" config receive.certNonceSeed seed
        printf '#!/bin/sh\necho "status $GIT_PUSH_CERT_STATUS nonce $GIT_PUSH_CERT_NONCE_STATUS" > "$HOME/received"\n' \
            > "$HOME/bare/hooks/pre-receive"
        chmod +x "$HOME/bare/hooks/pre-receive"
        git push -q --signed "$HOME/bare" main
        cat "$HOME/received""#,
        verifier(&public)
    ));
    assert_eq!((run.status, run.stdout.as_str()), (0, "status G nonce OK\n"), "{}", run.all());
    let shown = run.screens.join("\n");
    for fact in ["git push certificate", "pusher ", "nonce ", "creates at ", "refs/heads/main"] {
        assert!(shown.contains(fact), "{fact:?} is not on the screen\n{}", run.all());
    }
}

#[test]
fn a_rebase_of_thirty_commits_is_signed_by_one_key_and_each_of_them_stands_in_the_history() {
    let (rig, public) = rig(&["--size", "120x60", "--answer", "none", "--timeout", "120"]);
    let script = format!(
        r#"( {} {REPOSITORY} git commit -q --no-gpg-sign -m zero
        for n in $(seq 30); do echo $n > f; git add f; git commit -q --no-gpg-sign -m "number $n"; done
        GIT_SEQUENCE_EDITOR=: git rebase -q -i --exec 'git commit -q --amend --no-edit -S' HEAD~30
        git log --format='%G?' -30 | sort | uniq -c
        sdctl history --json | tr '{{' '\n' | grep -c '"kind":"sign"' ) > said 2>&1; touch done"#,
        verifier(&public)
    );
    let going = support::Going::start(rig.with_keyboard(), &script);
    going.shows("number 1");
    going.types("g\r");
    support::eventually("the rebase to end", || going.has("done").then_some(()));
    let said = going.file("said");
    going.let_go();
    assert!(said.contains("30 G") && said.ends_with("\n30\n"), "{said}");
}

#[test]
fn an_interrupted_git_takes_its_ask_from_the_screen() {
    let (rig, _) = rig(&["--answer", "none", "--timeout", "60"]);
    let run = rig.run(&format!(
        r#"{REPOSITORY} git commit -S -m interrupted 2> "$HOME/said" & wait_for() {{
            n=0; until [ "$(sdctl list --json | grep -c '"kind":"sign"')" = "$1" ]; do
                n=$((n + 1)); [ $n -lt 300 ] || exit 9; sleep 0.1; done; }}
        wait_for 1; kill -INT "$(sdctl list --json | sed -n 's/.*"pid":\([0-9]*\).*/\1/p' | head -n 1)"
        wait_for 0; wait; git log --format=%s"#
    ));
    assert_eq!((run.status, run.stdout.as_str()), (0, "start\n"), "{}", run.all());
}

#[test]
fn files_are_signed_with_and_without_armour_where_gpg_would_write_them() {
    let (rig, public) = rig(&["--answer", "y", "--size", "120x60"]);
    let run = rig.run(&format!(
        r#"{} set -eu; cd "$HOME"; echo hello > letter
        echo another > other
        sd-gpg --batch -bau ada@example.org letter; gpg --verify letter.asc letter
        sd-gpg --homedir /nonexistent --detach-sign -o out.sig other; gpg --verify out.sig other
        sd-gpg -bau ada@example.org letter && exit 9; echo $?"#,
        verifier(&public)
    ));
    assert_eq!((run.status, run.stdout.as_str()), (0, "2\n"), "{}", run.all());
    assert!(run.stderr.contains("letter.asc is there already"), "{}", run.all());
    // Neither is anything of git's, so each takes its code.
    assert!(run.screens.iter().any(|screen| screen.contains("unknown data, 6 bytes")), "{}", run.all());
    assert!(run.screens.iter().any(|screen| screen.contains("to approve: _")), "{}", run.all());
}

#[test]
fn a_caller_that_lies_about_the_objects_of_a_commit_proves_nothing_and_the_screen_says_so() {
    let magic = r"sd-objects 1\n";
    for (objects, says) in [
        (magic.to_owned(), "the caller left out commit"),
        // A tree of its own making, in place of the one that is signed.
        (format!(r"{magic}t\0\0\0\0"), "the caller left out commit"),
        (format!(r"{magic}b\0\0\0\001x"), "an object of no known kind"),
        (format!(r"{magic}t\0\0\377\377x"), "it ends inside of an object"),
        ("hello".to_owned(), "it begins otherwise"),
    ] {
        let (rig, _) = rig(&["--answer", "n", "--size", "120x60"]);
        let run = rig.run(&format!(
            r#"{REPOSITORY} git commit -q --no-gpg-sign -m second; git cat-file commit HEAD > ../payload
            printf '{objects}' > ../objects; sd-ask sign --objects ../objects < ../payload"#
        ));
        assert_ne!(run.status, 0, "{}", run.all());
        assert!(run.stderr.contains("denied"), "it was put before a person: {}", run.all());
        let shown = run.screens.join("\n");
        for fact in ["~ files       NOT PROVED; see below", "FILES: NOT PROVED", says] {
            assert!(shown.contains(fact), "{fact:?} is not on the screen\n{}", run.all());
        }
    }
}

#[test]
fn what_a_repository_lacks_is_claimed_and_not_proved() {
    let (rig, _) = rig(&["--answer", "y", "--size", "120x60"]);
    let run = rig.run(&format!(
        r#"{REPOSITORY} tree=$(git write-tree); lost=$(git rev-parse 'HEAD^{{tree}}')
        rm -f ".git/objects/$(echo "$lost" | cut -c1-2)/$(echo "$lost" | cut -c3-)"
        git commit-tree -S -p HEAD -m second "$tree""#
    ));
    assert_eq!(run.status, 0, "{}", run.all());
    let shown = run.screens.join("\n");
    for fact in ["FILES: NOT PROVED", "the caller sent no objects", "~ no proof    the caller left out tree"]
    {
        assert!(shown.contains(fact), "{fact:?} is not on the screen\n{}", run.all());
    }
}

#[test]
fn every_shape_of_commit_is_proved_and_its_signature_is_good() {
    for format in ["sha1", "sha256"] {
        let (rig, public) = rig(&["--answer", "y", "--size", "120x200", "--timeout", "120"]);
        let run = rig.run(&format!(
            r#"{} export GIT_DEFAULT_HASH={format}; {REPOSITORY}
            git commit -q -S -m shapes
            sub=$(git rev-parse HEAD); mkdir lib
            ln -s one.txt link; chmod +x two.txt; git mv one.txt moved.txt
            git add .; git update-index --add --cacheinfo "160000,$sub,lib"; git commit -q -S -m kinds
            git commit -q -S --allow-empty -m nothing
            touch "$(printf 'n\344me')"; git add .
            printf 'gr\374n' | git -c i18n.commitEncoding=latin1 commit -q -S -F -
            mkdir many; for n in $(seq 2000); do echo $n > many/$n; done; git add .; git commit -q -S -m many
            git checkout -q --orphan other; git commit -q -S -m 'a first one'
            git verify-commit main main~1 main~2 main~3 main~4 other
            git log --format='%G? %s' main | head -n 1"#,
            verifier(&public)
        ));
        assert_eq!((run.status, run.stdout.as_str()), (0, "G many\n"), "{}", run.stderr);
        let shown = run.screens.join("\n");
        for fact in [
            "files       4 files: 2 added, 1 modified, 1 renamed",
            "is symbolic link",
            "is executable, was file",
            "is submodule at",
            "from one.txt",
            "files       none: it changes no file",
            r"A n\xe4me",
            r"gr\xfcn",
            "encoding    latin1",
            "files       2000 files: 2000 added",
            "> A many/1999",
            "none: the first commit of its history",
            "files       2005 files: 2005 added",
        ] {
            assert!(shown.contains(fact), "{fact:?} is not on the screen of {format}");
        }
        assert!(!shown.contains("NOT PROVED"), "{format}");
    }
}
