//! KeePassXC's Secret Service, without anybody who looks at it: in an X server that draws nowhere.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::unistd::{Gid, Uid, chown, geteuid};
use tempfile::TempDir;
use test_harness::bus;
use test_harness::people::People;

use crate::Done;
use crate::stage::{Relay, as_whom, place, whole, within};

/// It serves within a few seconds, or not at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// It, its X server and its bus.
pub(crate) struct KeePass {
    app: Relay,
    variables: Vec<(String, String)>,
    _running: Vec<Relay>,
    _password: ChildStdin,
    place: TempDir,
}

const SETTINGS: &str = "[General]
ConfigVersion=2
SingleInstance=false
[FdoSecrets]
Enabled=true
ConfirmAccessItem=false
ConfirmDeleteItem=false
ShowNotification=false
[GUI]
CheckForUpdates=false
TrayIcon=false
";

/// A database whose group is open to the Secret Service, with one entry.
const DATABASE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile><Meta><Generator>bench</Generator><DatabaseName>bench</DatabaseName>
<CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{00112233-4455-6677-8899-aabbccddeeff}</Value></Item></CustomData></Meta>
<Root><Group><UUID>ABEiM0RVZneImaq7zN3u/w==</UUID><Name>Root</Name>
<Entry><UUID>ABEiM0RVZneImaq7zN3uAA==</UUID>
<String><Key>Title</Key><Value>bench</Value></String><String><Key>UserName</Key><Value>nb</Value></String>
<String><Key>Password</Key><Value>hunter2</Value></String><String><Key>service</Key><Value>bench</Value></String>
</Entry></Group></Root></KeePassFile>
"#;

impl KeePass {
    /// Starts all of it.
    ///
    /// # Errors
    /// When it is not installed, or does not serve.
    pub(crate) fn start() -> Done<Self> {
        // A thread may have a view of /etc/passwd of its own, which what it starts inherits.
        let started = thread::spawn(|| Self::start_here().map_err(|why| why.to_string())).join();
        Ok(started.map_err(|_| "the thread that starts KeePassXC has panicked")??)
    }

    fn start_here() -> Done<Self> {
        let place = place()?;
        let people = People::here();
        // dbus-daemon lets nobody in whose uid has no name, and without a bus KeePassXC switches its Secret Service off.
        people.introduce(place.path()).map_err(|why| why.to_string())?;
        let uid = people.desktop;
        let at = |name: &str| place.path().join(name);
        let text = |name: &str| at(name).to_string_lossy().into_owned();
        for (name, content) in [
            ("bus.conf", bus::session_config(&at("bus"))),
            ("keepassxc.ini", SETTINGS.to_owned()),
            ("database.xml", DATABASE.to_owned()),
        ] {
            fs::write(at(name), content)?;
        }
        if geteuid().is_root() {
            for file in [place.path().to_owned(), at("keepassxc.ini")] {
                chown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(uid)))?;
            }
        }
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o700))?;
        let mut variables: Vec<(String, String)> = [
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("HOME", text("")),
            ("XDG_RUNTIME_DIR", text("")),
            ("QT_QPA_PLATFORM", "xcb".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", text("bus"))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        let program = |name: &str| as_whom(name, uid, variables.clone());
        let mut running = Vec::new();
        let mut daemon = program("dbus-daemon");
        daemon
            .args(["--nofork", "--print-address", "--config-file"])
            .arg(at("bus.conf"))
            .stdout(Stdio::piped());
        let mut child = daemon.spawn()?;
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut String::new())?;
        running.push(Relay(child));
        // As the same user, since an X server lets others in by a key only; on a display of its own choice.
        let mut screen = program("Xvfb");
        screen
            .args(["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped());
        let mut child = screen.spawn().map_err(|why| format!("Xvfb: {why}"))?;
        let mut display = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut display)?;
        running.push(Relay(child));
        variables.push(("DISPLAY".to_owned(), format!(":{}", display.trim())));
        let program = |name: &str| as_whom(name, uid, variables.clone());
        let mut import = program("keepassxc-cli");
        import.args(["import", "--set-password"]).arg(at("database.xml")).arg(at("database.kdbx"));
        given(import, "bench\nbench\n")?;
        let log = fs::File::create(at("log"))?;
        let mut app = program("keepassxc");
        app.arg("--config").arg(at("keepassxc.ini")).args(["--pw-stdin"]).arg(at("database.kdbx"));
        let mut child = app.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log).spawn()?;
        // It stays open: at its end KeePassXC takes the password back.
        let mut password = child.stdin.take().ok_or("no input")?;
        password.write_all(b"bench\n")?;
        let mut keepass =
            Self { app: Relay(child), variables, _running: running, _password: password, place };
        let mut last = String::new();
        let served = within(PATIENCE, "KeePassXC's Secret Service", || {
            if let Ok(Some(status)) = keepass.app.0.try_wait() {
                return Some(Err(format!("KeePassXC ended with {status}")));
            }
            thread::sleep(Duration::from_millis(50));
            keepass.serves().map_err(|why| last = why.to_string()).ok().map(Ok)
        });
        match served.map_err(|why| why.to_string()).flatten() {
            Ok(()) => Ok(keepass),
            Err(why) => {
                let log = fs::read_to_string(keepass.place.path().join("log")).unwrap_or_default();
                Err(format!("{why}: {last}; it said: {}", log.trim().replace('\n', "; ")).into())
            }
        }
    }

    /// Whether its database is open, and gives the secret.
    ///
    /// A lookup that finds the database locked has KeePassXC show a dialog, and waits for a person.
    fn serves(&self) -> Done {
        let mut command = self.program("dbus-send");
        command.args(["--print-reply=literal", "--reply-timeout=5000", "--dest=org.freedesktop.secrets"]);
        command.args(["/org/freedesktop/secrets/aliases/default", "org.freedesktop.DBus.Properties.Get"]);
        command.args(["string:org.freedesktop.Secret.Collection", "string:Locked"]);
        let output = command.stderr(Stdio::piped()).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().into());
        }
        if String::from_utf8_lossy(&output.stdout).contains("true") {
            return Err("the database is locked".into());
        }
        let mut command = self.program("timeout");
        command.args(["5", "secret-tool", "lookup", "service", "bench"]);
        if whole(command)?.1 == "hunter2" { Ok(()) } else { Err("another secret".into()) }
    }

    /// A program on its bus.
    pub(crate) fn program(&self, name: &str) -> Command {
        as_whom(name, People::here().desktop, self.variables.clone())
    }

    /// How long a lookup takes.
    pub(crate) fn lookup(&self) -> Done<f64> {
        let mut command = self.program("secret-tool");
        command.args(["lookup", "service", "bench"]);
        let (took, secret) = whole(command)?;
        if secret.trim() == "hunter2" { Ok(took) } else { Err("another secret".into()) }
    }
}

fn given(mut command: Command, input: &str) -> Done {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}
