//! A gnome-keyring of our own, over the person's keyring files, on a bus of its own: for when sd-agent has taken the
//! place of the one on the session's bus.

use std::fs::{self, DirBuilder, File};
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sd_sys::secret::Secret;
use sd_sys::terminal;

use crate::import::Why;

/// More bytes no password has.
const PASSWORD: usize = 1024;
/// Ctrl+C, where it is no signal.
const INTERRUPT: u8 = 3;

/// The bus and the keyring; both end with the value, and also when this process is killed.
#[derive(Debug)]
pub(super) struct OwnKeyring {
    children: Vec<Child>,
    /// For what the keyring puts beside its files; gone afterwards.
    place: PathBuf,
    /// The address of the bus.
    pub(super) address: String,
}

impl OwnKeyring {
    /// Starts both. Where there is a keyring `login`, its password is asked for on the terminal, or read from standard
    /// input.
    pub(super) fn start() -> Result<Self, Why> {
        let kernel = |what: &str| {
            let what = what.to_owned();
            move |e: std::io::Error| Why::NoSource(format!("{what}: {e}"))
        };
        let files = files()?;
        // Only then: gnome-keyring would make one of this password.
        let login = files.join("login.keyring").exists();
        let password = if login { Some(password()?) } else { None };
        let place = runtime().join(format!("sdctl-import.{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&place).map_err(kernel(&place.display().to_string()))?;
        let mut own = Self { children: Vec::new(), place, address: String::new() };
        let mut bus = own.mortal("dbus-daemon");
        bus.args(["--session", "--nofork", "--print-address"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut bus = bus.spawn().map_err(kernel("dbus-daemon cannot be started"))?;
        let said = bus.stdout.take();
        own.children.push(bus);
        if let Some(said) = said {
            BufReader::new(said).read_line(&mut own.address).map_err(kernel("dbus-daemon"))?;
        }
        own.address = own.address.trim().to_owned();
        let mut keyring = own.mortal("gnome-keyring-daemon");
        keyring
            .args(["--foreground", "--components=secrets"])
            .args(login.then_some("--unlock"))
            .env("DBUS_SESSION_BUS_ADDRESS", &own.address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut keyring = keyring.spawn().map_err(kernel("gnome-keyring-daemon cannot be started"))?;
        let pipe = keyring.stdin.take();
        own.children.push(keyring);
        if let (Some(mut pipe), Some(password)) = (pipe, password) {
            // To the end of the pipe: gnome-keyring would take a line's end for a part of it.
            pipe.write_all(password.expose()).map_err(kernel("gnome-keyring-daemon"))?;
        }
        Ok(own)
    }

    /// A program that does not outlive us.
    fn mortal(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        // Its socket for controlling it must not be that of another one, whom it would talk to instead.
        command.args(["--pdeathsig", "KILL", program]).env("XDG_RUNTIME_DIR", &self.place);
        command
    }
}

impl Drop for OwnKeyring {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            // One that has ended needs no end.
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.place);
    }
}

/// Where gnome-keyring keeps its keyrings.
fn files() -> Result<PathBuf, Why> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")));
    let files = data.map(|data| data.join("keyrings")).filter(|files| holds_keyrings(files));
    files.ok_or_else(|| Why::NoSource("there are no keyrings in ~/.local/share/keyrings".into()))
}

fn holds_keyrings(files: &Path) -> bool {
    let is = |entry: fs::DirEntry| entry.path().extension().is_some_and(|end| end == "keyring");
    fs::read_dir(files).is_ok_and(|entries| entries.flatten().any(is))
}

fn runtime() -> PathBuf {
    let set = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    set.filter(|path| path.is_dir()).unwrap_or_else(std::env::temp_dir)
}

/// The password, straight into locked memory.
fn password() -> Result<Secret, Why> {
    let wrong = |e: std::io::Error| Why::Kernel(format!("the password cannot be read: {e}"));
    let input = std::io::stdin();
    // Not by way of the standard library's buffer, which nobody wipes.
    let mut file = File::from(input.as_fd().try_clone_to_owned().map_err(wrong)?);
    let terminal = input.is_terminal();
    let silence = terminal.then(|| terminal::without_echo(&input)).transpose().map_err(wrong)?;
    if terminal {
        let _ = write!(std::io::stderr(), "Password of the keyring `login`, the one that is imported: ");
    }
    let mut cut_off = false;
    let read = Secret::fill(PASSWORD, |room| {
        let mut length = 0_usize;
        loop {
            match file.read(room.get_mut(length..)?).ok()? {
                0 => break,
                more => length = length.saturating_add(more),
            }
            // A terminal gives a line at a time; a pipe is read to its end.
            if terminal {
                break;
            }
        }
        let typed = room.get(..length)?;
        cut_off = typed.contains(&INTERRUPT) && terminal;
        Some(if typed.ends_with(b"\n") { length.saturating_sub(1) } else { length })
    });
    drop(silence);
    match read.map_err(wrong)? {
        Some(_) if cut_off => Err(Why::NoSource("no password was typed".into())),
        Some(password) => Ok(password),
        None => Err(Why::Kernel("the password cannot be read".into())),
    }
}
