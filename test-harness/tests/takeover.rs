//! The Secret Service of a session handed over from a real gnome-keyring to sd-agent and back, on a bus that starts
//! services; and sd-agent beside another that has the name.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Going, RIG, Rig, Run, eventually};

/// A session of its own: a bus that starts services by the files of a made-up machine and home, and gnome-keyring on it.
/// Whatever the surroundings are, nothing of them is touched.
const SESSION: &str = r#"
set -e
export HOME=$PWD/home XDG_RUNTIME_DIR=$PWD/run XDG_DATA_DIRS=$PWD/usr/share XDG_CONFIG_DIRS=$PWD/etc/xdg
# The bus asks the user database for the home, and not HOME.
export XDG_DATA_HOME=$HOME/.local/share
unset XDG_CONFIG_HOME XDG_STATE_HOME SSH_AUTH_SOCK DISPLAY WAYLAND_DISPLAY
mkdir -p home usr/share/dbus-1/services etc/xdg/autostart; mkdir -m 700 run
for name in org.freedesktop.secrets org.gnome.keyring org.freedesktop.impl.portal.Secret; do
    printf '[D-BUS Service]\nName=%s\nExec=/usr/bin/gnome-keyring-daemon --start --foreground --components=secrets\n' \
        $name > usr/share/dbus-1/services/$name.service
done
printf '[Desktop Entry]\nType=Application\nName=x\nExec=/usr/bin/gnome-keyring-daemon --start --components=secrets\n' \
    > etc/xdg/autostart/gnome-keyring-secrets.desktop
cat > bus.conf <<CONF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><auth>EXTERNAL</auth><listen>unix:dir=$PWD/run</listen><standard_session_servicedirs/>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
CONF
cat > functions <<'FUNCTIONS'
bus() { gdbus call --session -d org.freedesktop.DBus -o /org/freedesktop/DBus -m org.freedesktop.DBus.$1 "$2" $3; }
pid_of() { bus GetConnectionUnixProcessID $1 | tr -dc '0-9 ' | awk '{ print $NF }'; }
owner() { tr '\0' '\n' < /proc/$(pid_of ${1:-org.freedesktop.secrets})/cmdline | sed 's|.*/||; q'; }
take_over() { sdctl takeover --agent AGENT "$@"; }
# `!` alone would not end the script.
no() { if "$@"; then echo "succeeded: $*" >&2; return 1; fi; }
# The daemons that gnome-keyring leaves behind end with the session.
end() { for name in org.freedesktop.secrets org.gnome.keyring; do kill $(pid_of $name) || true; done 2> /dev/null; }
FUNCTIONS
sed -i "s|AGENT|$1|" functions
cat > session <<'SCRIPT'
set -e; . ./functions; trap 'status=$?; end || true; exit $status' EXIT
printf password | gnome-keyring-daemon --unlock --components=secrets,ssh > /dev/null 2>&1
gdbus wait --session --timeout 20 org.freedesktop.secrets
printf of-before | secret-tool store --label=demo service demo
SCRIPT
"#;

/// Runs a script in such a session to its end, with the keys that are typed on the approval screen.
fn in_session(keys: &str, script: &str) -> Run {
    let rig = Rig::real().with(&["--answer", keys]);
    let agent = Path::new(RIG).with_file_name("sd-agent");
    let place = rig.place().join("ready");
    std::fs::create_dir(&place).unwrap();
    std::fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    // Beside COMMAND's other words, so that quoting is nobody's trouble.
    std::fs::write(rig.place().join("made"), SESSION).unwrap();
    std::fs::write(rig.place().join("script"), script).unwrap();
    rig.run(&format!(
        "cd {place}; set -- {agent}; . {here}/made; cat {here}/script >> session
         dbus-run-session --config-file=bus.conf -- sh session",
        place = place.display(),
        here = rig.place().display(),
        agent = agent.display()
    ))
}

fn succeeds(run: &Run) {
    assert_eq!(run.status, 0, "{}", run.all());
}

#[test]
fn after_a_takeover_applications_ask_sd_agent_and_after_a_release_the_keyring_again() {
    let run = in_session(
        "yy",
        r#"
        find home > before
        # What is not installed cannot have changed; what the companion has is another value.
        test "$(owner)" = gnome-keyring-daemon; test "$(secret-tool lookup service demo)" = of-before
        take_over --json > took
        test "$(owner)" = sd-agent
        printf of-now | secret-tool store --label=demo service demo
        test "$(secret-tool lookup service demo)" = of-now
        sdctl status | grep -q 'takeover  was done'; sdctl status --json | grep -q '"takeover":{"recorded":true}'
        # It is started by the bus again, and nobody else is.
        kill $(pid_of org.freedesktop.secrets); while bus GetNameOwner org.freedesktop.secrets 2> /dev/null; do sleep 0.05; done
        gdbus call --session -d org.freedesktop.secrets -o /org/freedesktop/secrets -m org.freedesktop.DBus.Peer.Ping
        test "$(owner)" = sd-agent
        sdctl release --json > gave
        test "$(owner)" = gnome-keyring-daemon
        find home | diff before -
        printf password | gnome-keyring-daemon --replace --unlock --components=secrets > /dev/null 2>&1
        sleep 1; test "$(secret-tool lookup service demo)" = of-before
        cat took gave
        "#,
    );
    succeeds(&run);
    let told: Vec<Value> = run.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(told.len(), 2, "{}", run.all());
    let ended = |told: &Value, step: &str| {
        let steps = told["steps"].as_array().unwrap();
        steps.iter().find(|it| it["step"] == step).unwrap_or_else(|| panic!("{step}: {told}"))["ended"]
            .clone()
    };
    for step in ["owner", "bus", "bus-keyring", "bus-portal", "autostart", "reload", "end", "rest", "agent"] {
        assert_eq!(ended(&told[0], step), "done", "{step}: {}", told[0]);
    }
    assert_eq!((&told[0]["done"], &told[1]["done"]), (&true.into(), &true.into()));
    for step in ["agent", "bus", "reload-back", "owner"] {
        assert_eq!(ended(&told[1], step), "done", "{step}: {}", told[1]);
    }
}

#[test]
fn ssh_keys_are_still_served_and_nothing_brings_the_keyrings_secrets_back() {
    let run = in_session(
        "none",
        r#"
        export SSH_AUTH_SOCK=$XDG_RUNTIME_DIR/keyring/ssh
        # 1: there is no key, but an agent.
        ssh-add -l > /dev/null 2>&1 || test $? = 1
        take_over > told
        ssh-add -l > /dev/null 2>&1 || test $? = 1
        test "$(owner org.gnome.keyring)" = gnome-keyring-daemon
        for name in org.freedesktop.impl.portal.Secret; do no bus StartServiceByName $name 0 2>> refused; done
        test "$(owner)" = sd-agent
        bus ListQueuedOwners org.freedesktop.secrets
        "#,
    );
    succeeds(&run);
    let queue = run.stdout.lines().last().unwrap();
    assert_eq!(queue.matches(':').count(), 1, "somebody waits for the name: {queue}");
}

#[test]
fn a_dry_run_leaves_the_keyring_where_it_is_and_twice_is_once() {
    let run = in_session(
        "none",
        r#"
        find home > before
        take_over --dry-run > dry
        grep -q '^would' dry; no grep -q '^done' dry
        find home | diff before -; test "$(owner)" = gnome-keyring-daemon
        take_over > /dev/null; pid=$(pid_of org.freedesktop.secrets); cp home/.local/state/secrets-dispatcher/takeover.json record
        sdctl release --dry-run > dry; grep -q '^would' dry; no grep -q '^done' dry; test "$(owner)" = sd-agent
        take_over > again; no grep -q '^\(refused\|failed\)' again
        cmp record home/.local/state/secrets-dispatcher/takeover.json; test $pid = "$(pid_of org.freedesktop.secrets)"
        sdctl release > /dev/null; pid=$(pid_of org.freedesktop.secrets)
        sdctl release > nothing; grep -q 'nothing to be put back' nothing; test $pid = "$(pid_of org.freedesktop.secrets)"
        "#,
    );
    succeeds(&run);
}

#[test]
fn nothing_is_taken_over_while_sd_agent_could_serve_nobody() {
    let run = in_session(
        "none",
        r#"
        find home > before
        no sdctl takeover --agent /nowhere/sd-agent 2> no-agent; grep -q '/nowhere/sd-agent is not there' no-agent
        (export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere; no take_over 2> no-gate); grep -q 'nothing was changed' no-gate
        status=0; sdctl takeover --system 2> no-root || status=$?
        test $status = 77; grep -q 'sudo sdctl takeover --system' no-root
        find home | diff before -; test "$(owner)" = gnome-keyring-daemon
        "#,
    );
    succeeds(&run);
}

#[test]
fn another_secret_service_is_named_and_not_ended_and_sd_agent_becomes_it_once_that_one_ends() {
    let run = in_session(
        "none",
        r#"
        kill $(pid_of org.freedesktop.secrets); while bus GetNameOwner org.freedesktop.secrets 2> /dev/null; do sleep 0.05; done
        sd-fake-backend --item one=x,a=b & other=$!
        gdbus wait --session --timeout 20 org.freedesktop.secrets
        status=0; take_over > told 2> why || status=$?; test $status = 69
        grep -q "sd-fake-backend (pid $other) is the Secret Service and has to be switched off by you" told
        kill -0 $other
        sdctl status 2>&1 | grep -q "owned by sd-fake-backend (pid $other)"
        kill $other; wait $other || true
        take_over > told; test "$(owner)" = sd-agent
        "#,
    );
    succeeds(&run);
}

#[test]
fn an_agent_whose_name_is_taken_says_whose_it_is_waits_for_it_and_tells_meanwhile_what_waits() {
    // The rig's own agent waits for its name as well; this one is beside it.
    let script = "
        gdbus wait --session --timeout 20 org.freedesktop.secrets
        sd-agent 2> second & echo $! > pid
        while ! grep -q 'is owned by' second; do sleep 0.02; done
        touch waits";
    let going = Going::start(Rig::real().with_fake_backend(&["--item", "one=x,service=demo"]), script);
    going.file("waits");
    let first = going.pid("sd-agent");
    let said = going.file("second");
    assert!(
        said.contains(&format!("owned by sd-agent (pid {first})")) && said.contains("sdctl takeover"),
        "{said}"
    );
    eventually("the second one to follow the gate", || {
        going.file("second").contains("the gate tells of every ask").then_some(())
    });
    let ended = Instant::now();
    nix::sys::signal::kill(first, nix::sys::signal::Signal::SIGTERM).unwrap();
    eventually("the name to be the second one's", || {
        going.file("second").contains("org.freedesktop.secrets is ours").then_some(())
    });
    assert!(ended.elapsed() < Duration::from_secs(5), "{:?}", ended.elapsed());
}
