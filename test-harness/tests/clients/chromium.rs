//! Debian's Chromium, without a window: what it encrypts its cookies with is a key that it keeps in the Secret Service.
//!
//! Told no, it deletes every cookie that it cannot read. So it is left waiting, here until `timeout` ends it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::rig::{ASKED, IDLE, says_yes};
use crate::support::{Going, Rig, Run, eventually};

/// What the agent tells of Chromium's keys; it takes no key to ask.
const KEYS: &str = "gdbus call --session -d org.freedesktop.secrets -o /org/freedesktop/secrets \
    -m org.freedesktop.Secret.Service.SearchItems \"{'application': 'chromium'}\"";

/// What that says when there is one.
const ONE: &str = "([objectpath '/org/freedesktop/secrets/collection/login/1'], @ao [])";

/// A web site on this machine, which sets a cookie at `/set`, and notes which page was asked for with which cookie.
struct Site {
    port: u16,
    visits: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let visits = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&visits);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Chromium opens connections that it then does not use: each is served on its own.
                let notes = Arc::clone(&notes);
                std::thread::spawn(move || serve(stream, &notes));
            }
        });
        Self { port, visits }
    }

    /// A line of shell that starts Chromium with the one profile of the test, lets it load a page, and end.
    fn visit(&self, page: &str) -> String {
        let chromium = Path::new("/usr/bin/chromium");
        assert!(
            chromium.exists(),
            "Debian's package chromium is not there; install it, or `--skip chromium::`"
        );
        // Its sandbox wants user namespaces, which not every place for tests has; and it loads our page alone.
        format!(
            "timeout 50 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
             --disable-background-networking --disable-component-update --disable-sync \
             --password-store=gnome-libsecret --user-data-dir=\"$HOME/profile\" \
             --dump-dom http://127.0.0.1:{}/{page} > /dev/null 2> \"$HOME/chromium.log\"",
            self.port
        )
    }

    /// Which pages were asked for with which cookie.
    fn visits(&self) -> Vec<String> {
        self.visits.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, notes: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let page = request.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let cookie = lines
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.to_lowercase().strip_prefix("cookie: ").map(str::to_owned))
        .unwrap_or_else(|| "nothing".to_owned());
    let set = if page == "/set" { "Set-Cookie: canary=hunter2; Max-Age=86400\r\n" } else { "" };
    if page != "/favicon.ico" {
        notes.lock().unwrap().push(format!("{page} {cookie}"));
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\nConnection: close\r\n";
    let _ = (&stream).write_all(format!("{head}{set}\r\nhello").as_bytes());
}

/// As long as is looked at a start that is not told yes.
const SHORTLY: &str = "timeout 9 ";

/// Prints how the cookie is stored: `v11` is encrypted with the key from the Secret Service, `v10` with one that
/// everybody knows.
const COOKIE: &str = "grep -ao 'canaryv1[01]' \"$HOME/profile/Default/Cookies\" | head -n 1";

/// The asks of a run, other than searches, as sd-decide logged them.
fn asks(run: &Run, log: &Path) -> Vec<String> {
    let text =
        std::fs::read_to_string(log.join("sd-decide.log")).unwrap_or_else(|e| panic!("{e}: {}", run.all()));
    let word = |line: &str, name: &str| {
        line.split_whitespace()
            .find_map(|word| word.strip_prefix(name).map(str::to_owned))
            .unwrap_or_default()
    };
    text.lines()
        .filter(|line| line.contains("ask settled"))
        .map(|line| format!("{} {}", word(line, "KIND="), word(line, "OUTCOME=")))
        .filter(|ask| !ask.starts_with("collections ") && !ask.starts_with("search "))
        .collect()
}

#[test]
fn a_cookie_that_chromium_has_encrypted_survives_a_restart_and_each_start_asks_once() {
    let (site, rig) = (Site::open(), Rig::real().with(&["--answer", "yy"]));
    let log = rig.place().join("log");
    let rig = rig.with(&["--log", log.to_str().unwrap()]);
    let run = rig.run(&format!("{}; {COOKIE}; {}", site.visit("set"), site.visit("look")));
    assert_eq!(site.visits(), ["/set nothing", "/look canary=hunter2"], "{}", run.all());
    assert_eq!(run.stdout, "canaryv11\n", "{}", run.all());
    assert_eq!(asks(&run, &log), ["store granted", "access approved", "read granted"], "{}", run.all());
}

#[test]
fn a_start_that_is_denied_its_key_makes_no_other_and_the_next_one_reads_the_cookie() {
    let (site, rig) = (Site::open(), Rig::real().with(&["--answer", "yny"]));
    let log = rig.place().join("log");
    let rig = rig.with(&["--log", log.to_str().unwrap()]);
    let denied = site.visit("denied").replace("timeout 50 ", SHORTLY);
    let script = format!("{}; {denied}; {KEYS}; {COOKIE}; {}; {KEYS}", site.visit("set"), site.visit("look"));
    let run = rig.run(&script);
    assert_eq!(site.visits(), ["/set nothing", "/look canary=hunter2"], "{}", run.all());
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines, [ONE, "canaryv11", ONE], "{}", run.all());
    let expected = ["store granted", "access denied", "access approved", "read granted"];
    assert_eq!(asks(&run, &log), expected, "{}", run.all());
}

#[test]
fn a_first_start_that_may_not_store_its_key_asks_again_at_the_next_one() {
    let (site, rig) = (Site::open(), Rig::real().with(&["--answer", "nyy"]));
    let script = format!(
        "{}; {KEYS}; sleep 6; {}; {KEYS}; {COOKIE}; {}",
        site.visit("denied"),
        site.visit("set"),
        site.visit("look")
    );
    let run = rig.run(&script);
    assert_eq!(site.visits(), ["/denied nothing", "/set nothing", "/look canary=hunter2"], "{}", run.all());
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines, ["(@ao [], @ao [])", ONE, "canaryv11"], "{}", run.all());
}

#[test]
fn chromium_is_asked_for_again_when_its_ask_expires_and_leaves_the_screen_when_it_is_killed() {
    let (site, rig) =
        (Site::open(), Rig::real().with(&["--expire", "10", "--size", "120x80"]).with_keyboard());
    let script = format!(
        "go_on() {{ until test -e $1; do sleep 0.05; done; }}
         {}; touch set; go_on a
         sh -c '{}' & wait; go_on b
         {}; {KEYS} > keys.part; mv keys.part keys",
        site.visit("set"),
        // Not by `timeout`, which would be killed alone.
        site.visit("killed").replace("timeout 50 ", "echo $$ > pid; exec "),
        site.visit("look")
    );
    let going = Going::start(rig, &script);
    let goes_on = |file: &str| {
        going.stands(IDLE);
        going.make(file);
        going.stands(ASKED);
    };
    says_yes(&going);
    going.file("set");
    goes_on("a");
    going.logged("sd-decide", "OUTCOME=expired");
    going.stands(IDLE);
    going.stands(ASKED);
    let pid = eventually("chromium's number", || going.file("pid").trim().parse().ok());
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    going.logged("sd-decide", "OUTCOME=withdrawn");
    goes_on("b");
    says_yes(&going);
    assert_eq!(going.file("keys").trim(), ONE);
    assert_eq!(site.visits(), ["/set nothing", "/look canary=hunter2"]);
}
