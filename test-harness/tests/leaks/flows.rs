//! The flows: everything that a secret can go through, driven by COMMAND and a person at the screen.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::sys::signal::{Signal, kill};
use test_harness::people::People;

use crate::canaries::Canaries;
use crate::support::keys::{REPOSITORY, rig_with_passphrase};
use crate::support::{Going, Rig};
use crate::watchers::Watchers;

/// A run whose flows are over.
pub(crate) struct Flow {
    pub(crate) going: Going,
    pub(crate) watchers: Watchers,
    pub(crate) began: SystemTime,
}

impl Flow {
    fn begin(rig: Rig, script: &str, canaries: &Canaries, given: &[&str]) -> Self {
        let began = SystemTime::now();
        let going = Going::start(
            rig,
            &format!("( while ! test -e go; do sleep 0.02; done\n{script}\n) > said 2>&1 &"),
        );
        let watchers = Watchers::of(canaries.clone(), &going);
        for flow in given {
            going.write(flow, canaries.of(flow));
        }
        going.make("go");
        Self { going, watchers, began }
    }

    /// Where the chain's files are, and what COMMAND has left.
    pub(crate) fn places(&self) -> Vec<PathBuf> {
        vec![self.going.dir.clone(), self.going.place().to_owned()]
    }

    /// Every process of the chain, by name.
    pub(crate) fn processes(&self) -> Vec<(String, i32)> {
        let mut all: Vec<(String, i32)> = std::fs::read_dir(self.going.dir.join("pids"))
            .unwrap()
            .flatten()
            .filter_map(|entry| {
                let pid = std::fs::read_to_string(entry.path()).ok()?.trim().parse().ok()?;
                Some((entry.file_name().to_str()?.to_owned(), pid))
            })
            .filter(|(name, _)| name != "command")
            .collect();
        // What the tools have started: gpg-agent, and whatever should have ended.
        let keeper = sd_sys::Process::look(self.going.pid("sd-gate").as_raw()).unwrap().ppid;
        let known: Vec<i32> = all.iter().map(|(_, pid)| *pid).collect();
        let pids = std::fs::read_dir("/proc").unwrap().flatten();
        for pid in pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
            let Ok(it) = sd_sys::Process::look(pid) else { continue };
            let starter = known.contains(&it.ppid) || it.ppid == keeper;
            let companion = it.uid == Some(People::here().companion);
            if starter && companion && !known.contains(&pid) && it.comm != "sh" {
                all.push((it.comm, pid));
            }
        }
        all
    }

    /// Waits for a passphrase prompt that says this, and types.
    fn types_at(&self, prompt: &str, keys: &str) {
        self.going.stands(prompt);
        self.going.stands("Esc: not now");
        self.going.types(keys);
    }

    fn ends(&self) {
        self.going.file("done");
        let said = self.going.file("said");
        let log = self.going.log("sd-rig");
        assert!(!said.contains("FAILED"), "{said}\n{log}\n{}", self.going.screen());
    }
}

/// Whether this is a file in the folder of some test, which searches it itself.
pub(crate) fn is_of_a_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str().to_str().is_some_and(|name| name.starts_with("t.")))
}

/// Stores, reads, replaces, deletes, imports, signs, locks and unlocks, with every passphrase typed.
pub(crate) fn all(canaries: &Canaries) -> Flow {
    let password = canaries.of("keyring-password");
    let (rig, _) = rig_with_passphrase(canaries.of("key-passphrase"), &[]);
    let answers =
        ["--answer", "yyyynyyyynyyyy", "--password", password, "--size", "120x60", "--timeout", "400"];
    let script = format!(
        r#"
        here=$PWD
        ( {REPOSITORY} )
        sd-keyring serve 0 > source & source_pid=$!
        while ! test -s source; do sleep 0.02; done
        source=$(cut -d' ' -f2 source)
        sd-keyring put $source imported "$(cat imported)" service=imported; rm imported
        while ! test -e unlocked; do sleep 0.02; done
        well() {{ "$@" || echo "FAILED: $1 $2 $3"; }}
        # y y: stored, read
        well secret-tool store --label=one service one < stored; rm stored
        well secret-tool lookup service one | cksum > read.1
        # y y: all at once, and at the gate
        secret-tool search --unlock service one 2> /dev/null | cksum > searched
        path=$(sd-ask search service=one); well sd-ask read $path | cksum > read.2
        cmp read.1 read.2 || echo FAILED to read
        grep -q . searched || echo FAILED to search
        # n: a read that is denied
        secret-tool lookup service one > denied.read && echo FAILED denied; test -s denied.read && echo FAILED denied
        # y y y: replaced, uploaded, imported
        well secret-tool store --label=one service one < replaced; rm replaced
        test "$(sd-ask search service=one | wc -l)" = 1 || echo FAILED to replace
        well sd-ask store two service=two < uploaded; rm uploaded
        well sdctl import --from $source --json
        # y n y y: stored and deleted, denied
        well secret-tool store --label=three service three < deleted; rm deleted
        secret-tool store --label=four service four < denied; rm denied
        test -n "$(sd-ask search service=three)" || echo FAILED to store what is to be deleted
        test -z "$(sd-ask search service=four)" || echo FAILED to deny
        well secret-tool clear service three
        test -z "$(sd-ask search service=three)" || echo FAILED to delete
        well sd-app "create plain service=plain @plain" "read FOUND" "set-secret FOUND @plain-set" > plain-said
        test "$(sed -n 2p plain-said)" = "$(cat plain)" || echo FAILED to read in the clear
        rm plain-said
        rm plain plain-set
        kill $source_pid
        # y: signed; then with a locked key
        well git -C $HOME/repo commit --allow-empty -q -S -m one
        touch signed
        while ! test -e go.on; do sleep 0.02; done
        touch done
        "#
    );
    let given = ["stored", "replaced", "uploaded", "imported", "deleted", "denied", "plain", "plain-set"];
    let flow = Flow::begin(rig.with(&answers).with_keyboard(), &script, canaries, &given);
    // A cold start: the key is locked, and asked for.
    let key = "OpenPGP secret key";
    flow.types_at(key, &format!("{}\r", canaries.of("wrong-passphrase")));
    flow.going.stands("WRONG");
    flow.types_at(key, &format!("{}\r", canaries.of("key-passphrase")));
    flow.going.stands("Nothing is waiting");
    flow.going.make("unlocked");
    flow.going.file("signed");
    // A person who believes that they are somewhere else.
    flow.going.types(&format!(":{}", canaries.of("typed-by-accident")));
    flow.going.types("\x1b");
    // Locked; unlocked, but let go of at first; then both.
    flow.going.types("L");
    flow.going.stands("LOCKED");
    flow.going.types("u");
    flow.types_at(key, canaries.of("dismissed-passphrase"));
    flow.going.types("\x1b");
    flow.going.stands("Nothing is waiting");
    flow.going.types("u");
    flow.types_at(key, &format!("{}\r", canaries.of("key-passphrase")));
    flow.types_at("Login", &format!("{}\r", canaries.of("keyring-password")));
    flow.going.stands("Nothing is waiting");
    flow.going.make("go.on");
    flow.ends();
    flow
}

/// One stored, and no more.
pub(crate) fn stored_only(canaries: &Canaries) -> Flow {
    let script = "secret-tool store --label=one service one < stored || echo FAILED; touch done";
    let flow = Flow::begin(Rig::real().with(&["--answer", "y"]), script, canaries, &["stored"]);
    flow.ends();
    flow
}

/// A store and a read whose worker, backend, agent or requester dies on the way; a passphrase that is half typed when the
/// other side goes away.
pub(crate) fn failing(canaries: &Canaries) -> Flow {
    let rig = Rig::real()
        .with(&["--answer", "y", "--expire", "3", "--restarts", "50", "--timeout", "200"])
        .with_keyboard()
        .holding();
    let script = r#"
        store() { secret-tool store --label=$1 service $1 < lost > /dev/null 2>&1; }
        store expires
        ( sd-ask store killed service=killed < lost & echo $! > requester; wait ) 2> /dev/null
        sd-ask store decide service=decide < lost
        timeout 10 secret-tool store --label=agent service agent < lost
        touch done
    "#;
    let flow = Flow::begin(rig, script, canaries, &["lost"]);
    let going = &flow.going;
    let asked = |what: &str| {
        going.stands(&format!("label       {what}"));
    };
    // Nobody answers.
    asked("expires");
    going.logged("sd-decide", "OUTCOME=expired");
    asked("killed");
    let requester = going.pid_in("requester");
    kill(requester, Signal::SIGKILL).unwrap();
    asked("decide");
    kill(going.pid("sd-decide"), Signal::SIGKILL).unwrap();
    asked("agent");
    kill(going.pid("sd-agent"), Signal::SIGTERM).unwrap();
    flow.going.file("done");
    std::fs::remove_file(going.place().join("ready/lost")).unwrap();
    flow
}
