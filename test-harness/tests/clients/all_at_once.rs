//! Every client that waits, all at once, and a person who comes back only after two minutes.
//!
//! It has a name that comes first, since tests begin in the order of their names and this one takes longest.

use std::time::{Duration, Instant};

use crate::fates::{at_the_backend, awaited};
use crate::rig;
use crate::support::Going;

/// How long nobody is there: far longer than the 25 s of a D-Bus call.
const AWAY: Duration = Duration::from_secs(120);

/// One client: its name, what it does, and what it prints when it was approved.
struct Client {
    name: &'static str,
    does: &'static str,
    prints: &'static str,
}

const CLIENTS: [Client; 12] = [
    Client { name: "secret-tool-lookup", does: "secret-tool lookup service tool", prints: "hunter2" },
    Client {
        name: "secret-tool-search",
        does: "secret-tool search --unlock service tool 2> /dev/null | grep '^secret = '",
        prints: "secret = hunter2",
    },
    Client {
        name: "secret-tool-store",
        does: "printf new | secret-tool store --label=tool service tool-new",
        prints: "",
    },
    Client { name: "secret-tool-clear", does: "secret-tool clear service tool-old", prints: "" },
    Client {
        name: "git-fill",
        does: "printf 'protocol=https\nhost=example.org\n' | GIT_TERMINAL_PROMPT=0 \
            git -c credential.helper=$CLIENTS/git-credential-libsecret credential fill | tail -n 2 | tr '\n' ' '",
        prints: "username=ada password=hunter2",
    },
    Client {
        name: "git-approve",
        does: "printf 'protocol=https\nhost=new.example.org\nusername=ada\npassword=new\n' |
            git -c credential.helper=$CLIENTS/git-credential-libsecret credential approve",
        prints: "",
    },
    Client {
        name: "docker-get",
        does: "printf https://hub.example.org | docker-credential-secretservice get",
        prints: "{\"ServerURL\":\"https://hub.example.org\",\"Username\":\"ada\",\"Secret\":\"hunter2\"}",
    },
    Client {
        name: "docker-list",
        does: "docker-credential-secretservice list",
        prints: "{\"https://hub.example.org\":\"ada\"}",
    },
    Client {
        name: "keyring-get",
        does: "$CLIENTS/python/bin/python -m keyring get demo ada",
        prints: "hunter2",
    },
    Client {
        name: "keyring-set",
        does: "printf new | $CLIENTS/python/bin/python -m keyring set new ada",
        prints: "",
    },
    Client { name: "keyring-delete", does: "$CLIENTS/python/bin/python -m keyring del old ada", prints: "" },
    Client {
        name: "secret-storage-read",
        does: "$CLIENTS/python/bin/python -c '
import secretstorage
item = next(secretstorage.search_items(secretstorage.dbus_init(), {\"service\": \"raw\"}))
item.unlock(); print(item.get_secret().decode())'",
        prints: "hunter2",
    },
];

/// What is in the keyring before.
const STORED: &str = "
    for service in tool tool-old raw; do printf hunter2 | secret-tool store --label=$service service $service; done
    printf hunter2 | $CLIENTS/python/bin/python -m keyring set demo ada
    printf hunter2 | $CLIENTS/python/bin/python -m keyring set old ada
    printf 'protocol=https\nhost=example.org\nusername=ada\npassword=hunter2\n' |
        $CLIENTS/git-credential-libsecret store > /dev/null
    printf '{\"ServerURL\":\"https://hub.example.org\",\"Username\":\"ada\",\"Secret\":\"hunter2\"}' |
        docker-credential-secretservice store";

/// What is there afterwards of what was changed: the new ones, and none of the old.
const LOOK: &str = "
    for service in tool-new tool-old new old; do
        echo $service $(secret-tool lookup service $service) $(until sd-ask search service=$service > items; do sleep 1; done; wc -l < items)
    done
    echo git $(secret-tool lookup server new.example.org)";

#[test]
fn every_client_waits_for_two_minutes_and_gets_what_it_wanted_then() {
    let rig = rig::with(&["--answer", "y", "--expire", "600"]).holding();
    let going = Going::start(rig, "while ! test -e all; do sleep 0.05; done; . ./all");
    at_the_backend(&going, STORED);
    let starts: String = CLIENTS.iter().map(start).collect();
    going.write(
        "all",
        &rig::script(&format!("{starts}\nwait; touch done; {{ {LOOK}\n}} > part; mv part seen")),
    );
    let waiting = format!("{} are waiting", CLIENTS.len());
    going.stands(&waiting);
    let back = Instant::now() + AWAY;
    while let Some(left) = back.checked_duration_since(Instant::now()) {
        assert!(!going.has("done"), "they have given up");
        assert!(going.screen().contains(&waiting), "somebody has given up\n{}", going.screen());
        std::thread::sleep(left.min(Duration::from_secs(1)));
    }
    going.lets_type();
    awaited(&going, "done");
    for client in &CLIENTS {
        let (out, err) = (going.file(client.name), going.file(&format!("{}.err", client.name)));
        assert_eq!(out.trim(), client.prints, "{}: {err}", client.name);
    }
    assert_eq!(awaited(&going, "seen"), "tool-new new 1\ntool-old 0\nnew new 1\nold 0\ngit new\n");
}

/// A line of shell that starts a client beside the others.
fn start(client: &Client) -> String {
    let Client { name, does, .. } = client;
    format!("( {does}\n) > {name} 2> {name}.err &\n")
}
