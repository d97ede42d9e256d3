//! The Secret Service at the end of the chain.

use std::io::{Read, Write};
use std::path::PathBuf;

use nix::unistd::Pid;

use crate::await_backend;
use crate::cli::Backend;
use crate::environment::Environment;
use crate::failure::{Doing, Failure};

/// Starts the backend on the companion's bus, with a keyring of this password; no process when it is somebody else's.
///
/// # Errors
/// When its program is not installed or cannot be started.
pub fn start(which: Backend, password: &str, environment: &Environment) -> Result<Option<Pid>, Failure> {
    let (program, arguments, package) = match which {
        Backend::External => return Ok(None),
        Backend::Store => return start_store(password, environment).map(Some),
        Backend::GnomeKeyring => (
            "gnome-keyring-daemon",
            ["--foreground", "--components=secrets", "--unlock"].as_slice(),
            "install it with `apt install gnome-keyring`",
        ),
        Backend::Oo7 => (
            "oo7-daemon",
            ["--login"].as_slice(),
            "install 0.7 or newer, for example by scripts/get-oo7-daemon.sh",
        ),
    };
    let found = find(program, environment)
        .ok_or_else(|| Failure::Missing(format!("the backend {program} is not in PATH; {package}")))?;
    let (reader, mut writer) = std::io::pipe().doing("make a pipe for the backend's password")?;
    let pid = service(environment, "backend", found)?.args(arguments).stdin(reader).start()?;
    writer.write_all(password.as_bytes()).doing("give the backend its password")?;
    Ok(Some(pid))
}

/// What starts sd-store for a test, by `sh -c`; its arguments are said there.
pub const STORE: &str = include_str!("store.sh");

/// Starts our own, with what makes its gpg-agent ask on the screen.
fn start_store(password: &str, environment: &Environment) -> Result<Pid, Failure> {
    let (reader, mut writer) = std::io::pipe().doing("make a pipe for the backend's password")?;
    let launch = service(environment, "backend", PathBuf::from("/bin/sh"))?
        .env("GNUPGHOME", &environment.gnupghome)
        .env("SECRETS_DISPATCHER_PASSPHRASE", environment.at("socket/passphrase.sock"))
        .env("SECRETS_DISPATCHER_CONFIG", environment.at("config"))
        .args(["-c", STORE, "sh"])
        .arg(environment.tools.join("sd-store"));
    let pid = launch.stdin(reader).start()?;
    writer.write_all(password.as_bytes()).doing("give the backend its password")?;
    Ok(pid)
}

/// The password of the run's keyring: this one, or one that is only as long-lived as the run.
///
/// # Errors
/// When there are no random numbers to be had.
pub fn password(known: Option<&str>) -> Result<String, Failure> {
    match known {
        Some(known) => Ok(known.to_owned()),
        None => throw_away().doing("make a throw-away password"),
    }
}

/// A password that nobody ever types.
fn throw_away() -> std::io::Result<String> {
    let mut random = [0_u8; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Starts the process that ends well as soon as the backend can be used.
///
/// # Errors
/// When it cannot be started.
pub fn start_waiting(which: Backend, environment: &Environment) -> Result<Pid, Failure> {
    let rig = std::env::current_exe().doing("find the rig's own executable")?;
    let launch = service(environment, "await-backend", rig)?.arg(await_backend::WORD);
    // What is in somebody else's keyring is not for us to judge.
    if which == Backend::External { launch.arg("--name-only") } else { launch }.start()
}

fn service(
    environment: &Environment,
    name: &str,
    program: PathBuf,
) -> Result<crate::launch::Launch, Failure> {
    Ok(environment
        .service(name, program, "companion")?
        .env("XDG_DATA_HOME", environment.at("companion/data"))
        .env("DBUS_SESSION_BUS_ADDRESS", &environment.companion_bus))
}

/// In PATH, or where the project's own script puts it: below the directory that the rig was built in.
fn find(program: &str, environment: &Environment) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let built = environment.tools.parent().map(|target| target.join("backends/bin"));
    std::env::split_paths(&path).chain(built).map(|dir| dir.join(program)).find(|file| file.is_file())
}
