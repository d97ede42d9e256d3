//! Where everything of a run is, and the environment that its processes are born with.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::cli::Options;
use crate::failure::{Doing, Failure};
use crate::launch::Launch;
use crate::people::People;
use crate::run_dir;

/// systemd's default, so that no tool comes to depend on what a person has in PATH.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The places and the people of one run.
#[derive(Debug)]
pub struct Environment {
    /// Who runs what.
    pub people: People,
    /// The directory of the run.
    pub run: PathBuf,
    /// Where the tools are: beside the rig.
    pub tools: PathBuf,
    /// Where the logs go.
    pub log: PathBuf,
    /// D-Bus address of the private system bus.
    pub system_bus: String,
    /// D-Bus address of the desktop's session bus.
    pub session_bus: String,
    /// D-Bus address of the companion's bus, the backend's.
    pub companion_bus: String,
    /// The companion's GNUPGHOME.
    pub gnupghome: PathBuf,
}

impl Environment {
    /// Makes the directories and files of a run.
    ///
    /// # Errors
    /// When the system refuses, or `--gnupghome` is no directory.
    pub fn prepare(run: &Path, options: &Options) -> Result<Self, Failure> {
        let people = People::here();
        let rig = std::env::current_exe().doing("find the rig's own executable")?;
        let tools = rig.parent().map(Path::to_owned).unwrap_or_default();
        let own = nix::unistd::geteuid().as_raw();
        run_dir::subdirectory(run, 0o711, own)?;
        people.introduce(run)?;
        for (role, uid) in people.roles() {
            let mode = if role == "bus" { 0o755 } else { 0o700 };
            run_dir::subdirectory(&run.join(role), mode, uid)?;
            run_dir::subdirectory(&run.join(role).join("run"), 0o700, uid)?;
        }
        for name in ["socket", "notify", "credentials", "config", "policy", "pids", "log"] {
            run_dir::subdirectory(&run.join(name), 0o755, own)?;
        }
        run_dir::public_file(&run.join("credentials/parties"), &people.parties())?;
        if let Some(phrase) = &options.phrase {
            run_dir::public_file(&run.join("credentials/phrase"), phrase)?;
        }
        for (name, file) in [("rules", &options.rules), ("signing_keys", &options.signing_keys)] {
            if let Some(file) = file {
                let text = fs::read_to_string(file).doing(format_args!("read {}", file.display()))?;
                run_dir::public_file(&run.join("credentials").join(name), &text)?;
            }
        }
        run_dir::public_file(&run.join("config/parties.json"), &people.parties())?;
        the_record(run, &people)?;
        let log = match &options.log {
            Some(dir) => {
                fs::create_dir_all(dir).doing(format_args!("make the directory {}", dir.display()))?;
                dir.clone()
            }
            None => run.join("log"),
        };
        let gnupghome = gnupghome(run, options.gnupghome.as_deref(), &people)?;
        let nowhere = String::new;
        let (system_bus, session_bus) = (nowhere(), nowhere());
        let companion_bus = options.backend_bus.clone().unwrap_or_default();
        let run = run.to_owned();
        Ok(Self { people, run, tools, log, system_bus, session_bus, companion_bus, gnupghome })
    }

    /// The folder of the audit record.
    #[must_use]
    pub fn record(&self) -> PathBuf {
        self.at("audit/record")
    }

    /// A file in the directory of the run.
    #[must_use]
    pub fn at(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }

    /// The log of a process, to which what it says is added.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn log_of(&self, name: &str) -> Result<File, Failure> {
        let path = self.log_path_of(name);
        File::options().create(true).append(true).open(&path).doing(format_args!("write {}", path.display()))
    }

    /// Where a process's log is.
    #[must_use]
    pub fn log_path_of(&self, name: &str) -> PathBuf {
        self.log.join(name).with_extension("log")
    }

    /// The end of a process's log, for an error message.
    #[must_use]
    pub fn last_words_of(&self, name: &str) -> String {
        let text = fs::read(self.log_path_of(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.iter().skip(lines.len().saturating_sub(8));
        let tail: String = tail.flat_map(|line| ["\n  ", line]).collect();
        if tail.is_empty() { "it said nothing".to_owned() } else { format!("it said:{tail}") }
    }

    /// A service of one role: the environment that a unit would give, its log, its uid.
    ///
    /// # Errors
    /// When its log cannot be opened.
    pub fn service(&self, name: &str, program: PathBuf, role: &str) -> Result<Launch, Failure> {
        let log = self.log_of(name)?;
        let home = self.at(role);
        let launch = Launch::new(program)?
            .env("PATH", PATH)
            .env("LANG", "C.UTF-8")
            .env("HOME", &home)
            .env("XDG_RUNTIME_DIR", home.join("run"))
            .stdout(log.try_clone().doing("write a log")?)
            .stderr(log);
        let uid = self.people.roles().into_iter().find(|(name, _)| *name == role).map(|(_, uid)| uid);
        Ok(match uid {
            Some(uid) if self.people.apart => launch.uid(uid),
            _ => launch,
        })
    }

    /// COMMAND: the caller's own environment, with the private buses and the tools in it.
    ///
    /// # Errors
    /// When the rig cannot find its own executable.
    pub fn command(&self, words: &[OsString]) -> Result<Launch, Failure> {
        let mut path = self.tools.clone().into_os_string();
        if let Some(known) = std::env::var_os("PATH") {
            path.push(":");
            path.push(known);
        }
        let program = words.first().cloned().unwrap_or_default();
        let mut launch = Launch::new(program)?.args(words.iter().skip(1)).as_the_command();
        // Root's own directories are closed to the desktop user.
        let private =
            ["HOME", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"];
        for (name, value) in std::env::vars_os() {
            if !(self.people.apart && private.iter().any(|p| name == *p)) {
                launch = launch.env(name, value);
            }
        }
        if self.people.apart {
            let home = self.at("desktop");
            // What it leaves behind goes with the run.
            launch = launch.env("XDG_RUNTIME_DIR", home.join("run")).env("TMPDIR", &home).env("HOME", home);
            launch = launch
                .env("USER", "sd-rig-desktop")
                .env("LOGNAME", "sd-rig-desktop")
                .uid(self.people.desktop);
        }
        Ok(launch
            .env("PATH", path)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.session_bus)
            .env("DBUS_SYSTEM_BUS_ADDRESS", &self.system_bus)
            .env("SECRETS_DISPATCHER_CONFIG", self.at("config"))
            .env("SD_RIG_RUN", &self.run)
            .stdin(std::process::Stdio::inherit())
            .stdout(std::process::Stdio::inherit())
            .stderr(std::process::Stdio::inherit()))
    }
}

/// The folder of the record with its first key, as provisioning makes them; a copy of that key is kept for `verify`.
fn the_record(run: &Path, people: &People) -> Result<(), Failure> {
    let folder = run.join("audit/record");
    run_dir::subdirectory(&folder, 0o750, people.audit)?;
    let key = format!("{}\n", "5".repeat(64));
    for file in [folder.join("first.key"), run.join("audit/audit.key")] {
        run_dir::public_file(&file, &key)?;
        fs::set_permissions(&file, Permissions::from_mode(0o400)).doing("close the key of the record")?;
        run_dir::give(&file, people.audit, people.audit)?;
    }
    Ok(())
}

fn gnupghome(run: &Path, given: Option<&Path>, people: &People) -> Result<PathBuf, Failure> {
    let ours = run.join("companion/gnupg");
    match given {
        Some(dir) if !dir.is_dir() => {
            Err(Failure::Usage(format!("--gnupghome {} is no directory", dir.display())))
        }
        Some(dir) if people.apart => run_dir::private_copy(dir, &ours, people.companion).map(|()| ours),
        // gpg takes a relative GNUPGHOME from its own working directory, which is not the caller's.
        Some(dir) => fs::canonicalize(dir).doing(format_args!("find {}", dir.display())),
        None => run_dir::subdirectory(&ours, 0o700, people.companion).map(|()| ours),
    }
}
