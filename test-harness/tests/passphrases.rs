//! Lock, unlock and passphrases through the whole chain: the real gpg-agent with a key that has a passphrase, the real
//! gnome-keyring with a password, and a person who types both on the screen.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use support::keys::{REPOSITORY, rig_with_passphrase};
use support::memory::memory_holds;
use support::{Going, Run};

const PASSPHRASE: &str = "correct horse ä";
const PASSWORD: &str = "battery staple";
const WANTS_KEY: &str = "OpenPGP secret key";

/// The whole chain, with a repository, a stored secret and a script that goes on by files: `sign` signs, `read` looks
/// up, `lock` and `unlock` do so; each writes its status and what it said into `NAME.N`.
fn chain(options: &[&str]) -> Going {
    let (rig, _) = rig_with_passphrase(PASSPHRASE, options);
    let rig = rig.with(&["--password", PASSWORD, "--timeout", "150", "--size", "120x60"]).with_keyboard();
    let script = format!(
        r#"
        here=$PWD
        ( {REPOSITORY} )
        run() {{ "$@" > "$here/part" 2>&1; echo "status $?" >> "$here/part"; mv "$here/part" "$here/$name.$n"; }}
        n=0
        ( while ! test -e done; do
            for name in sign read store lock unlock; do
                test -e "$name" || continue
                rm "$name"; n=$((n + 1)); echo $n > number
                case $name in
                sign) run git -C "$HOME/repo" commit --allow-empty -q -S -m "signed $n" ;;
                read) run secret-tool lookup service demo ;;
                store) printf the-canary | run secret-tool store --label=demo service demo ;;
                lock) run sd-ask lock ;;
                unlock) run sd-ask unlock ;;
                esac
            done
            sleep 0.05
        done ) &
        "#
    );
    Going::start(rig, &script)
}

/// A person at the screen, and what COMMAND does meanwhile.
struct Person {
    going: Going,
    n: u32,
}

impl Person {
    fn before(going: Going) -> Self {
        Self { going, n: 0 }
    }

    /// Has COMMAND begin something.
    fn asks(&mut self, name: &str) {
        self.n += 1;
        self.going.make(name);
    }

    /// What came of what COMMAND began last.
    fn came_of(&self, name: &str) -> String {
        self.going.file(&format!("{name}.{}", self.n))
    }

    /// Approves the ask of this kind that comes up.
    fn approves(&self, kind: &str) {
        self.going.stands(&format!(" {kind} "));
        self.going.stands("KERNEL ATTESTS");
        self.going.stands("y approve");
        self.going.types_at_once("y");
    }

    /// Types the key's passphrase when it is asked for.
    fn types_passphrase(&self, passphrase: &str) {
        self.going.stands(WANTS_KEY);
        self.going.types(&format!("{passphrase}\r"));
    }

    /// Ends the run; the passphrases stand nowhere in what it said, showed or logged.
    fn leaves(self) -> Run {
        self.going.make("done");
        for name in ["sd-decide", "sd-sign", "sd-fetch", "sd-gate", "sd-agent"] {
            let log = self.going.log(name);
            assert!(!log.contains(PASSPHRASE) && !log.contains(PASSWORD), "{name}: {log}");
        }
        let run = self.going.let_go();
        assert!(!run.all().contains("correct horse") && !run.all().contains(PASSWORD));
        run
    }
}

#[test]
fn a_cold_start_asks_for_the_passphrase_and_then_both_work_until_a_lock_and_again_after_an_unlock() {
    let mut person = Person::before(chain(&[]));
    // The session began with a key that nobody has unlocked: the prompt stands there unasked.
    person.types_passphrase(PASSPHRASE);
    person.going.stands("unlocked");
    let decide = person.going.pid("sd-decide").as_raw();
    // Only root may look; `None` says that the kernel did not let us.
    assert_ne!(
        memory_holds(decide, PASSPHRASE.as_bytes()),
        Some(true),
        "the passphrase is left in sd-decide"
    );
    assert_eq!(memory_holds(decide, PASSPHRASE.as_bytes()).is_some(), nix::unistd::geteuid().is_root());
    person.asks("store");
    person.approves("store");
    assert!(person.came_of("store").contains("status 0"), "{}", person.came_of("store"));
    person.asks("sign");
    person.approves("sign");
    assert!(person.came_of("sign").contains("status 0"), "{}", person.came_of("sign"));

    // A lock needs no key at all.
    person.asks("lock");
    assert!(person.came_of("lock").contains("status 0"), "{}", person.came_of("lock"));
    person.going.stands("LOCKED");
    person.asks("sign");
    person.approves("sign");
    person.going.stands(WANTS_KEY);
    person.going.types("\x1b");
    let refused = person.came_of("sign");
    assert!(!refused.contains("status 0") && refused.contains("dismissed"), "{refused}");

    // A lookup asks for the store to be unlocked first, and is told nothing without that.
    person.asks("read");
    person.going.stands(" unlock ");
    person.going.stands("y approve");
    person.going.types_at_once("n");
    let refused = person.came_of("read");
    assert!(!refused.contains("status 0") && !refused.contains("the-canary"), "{refused}");
    // The same ask within five seconds of a no would be denied unasked.
    std::thread::sleep(std::time::Duration::from_secs(6));

    person.asks("unlock");
    person.approves("unlock");
    person.types_passphrase(PASSPHRASE);
    person.going.stands("Login");
    person.going.types(&format!("{PASSWORD}\r"));
    assert!(person.came_of("unlock").contains("status 0"), "{}", person.came_of("unlock"));
    person.asks("sign");
    person.approves("sign");
    assert!(person.came_of("sign").contains("status 0"), "{}", person.came_of("sign"));
    person.asks("read");
    person.approves("access");
    assert!(person.came_of("read").contains("the-canary"), "{}", person.came_of("read"));
    person.leaves();
}

#[test]
fn a_wrong_passphrase_is_asked_for_again_and_three_of_them_end_it() {
    let mut person = Person::before(chain(&[]));
    person.going.stands(WANTS_KEY);
    person.going.types("\x1b");
    person.asks("sign");
    person.approves("sign");
    person.types_passphrase("wrong once");
    person.going.stands("2 of 3");
    person.types_passphrase("wrong twice");
    person.going.stands("3 of 3");
    person.types_passphrase("wrong thrice");
    let refused = person.came_of("sign");
    assert!(!refused.contains("status 0") && refused.contains("wrong each time"), "{refused}");
    // It can be tried again.
    person.asks("sign");
    person.approves("sign");
    person.types_passphrase("wrong");
    person.going.stands("2 of 3");
    person.types_passphrase(PASSPHRASE);
    assert!(person.came_of("sign").contains("status 0"), "{}", person.came_of("sign"));
    person.leaves();
}

#[test]
fn nothing_of_the_companion_gets_a_prompt_onto_the_screen_while_nothing_is_approved() {
    let person = Person::before(chain(&[]));
    person.going.stands(WANTS_KEY);
    person.going.types("\x1b");
    person.going.stands("nothing is waiting");
    let people = test_harness::people::People::here();
    let wish = r#"{"v":1,"body":{"passphrase":{"unlocks":{"key":{"grip":""}},"lines":["give it to me"],"wrong":null,"tries":null}}}"#;
    let said =
        person.going.knock_as(people.companion, people.desktop, "passphrase", &[wish, "--listen", "3000"]);
    assert!(said.contains("refused"), "{said}");
    assert!(!person.going.screen().contains("give it to me"));
    person.leaves();
}
