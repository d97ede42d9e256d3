//! How each tool of the project is born: the same arguments, sockets and variables as its unit gives it.

use crate::activation::Doorbell;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::launch::Launch;
use crate::notify::Notify;
use crate::vt::Vt;

/// A long-lived tool, started again when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Daemon {
    /// The person's screen.
    Decide,
    /// The door on the system bus.
    Gate,
    /// The Secret Service of the desktop.
    Agent,
}

impl Daemon {
    /// Its binary, and its name in logs and pid files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decide => "sd-decide",
            Self::Gate => "sd-gate",
            Self::Agent => "sd-agent",
        }
    }

    /// The role it plays.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Gate => "gate",
            Self::Agent => "desktop",
        }
    }
}

/// A tool that is started when somebody knocks at its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worker {
    /// Fetches from the backend.
    Fetch,
    /// Signs with gpg.
    Sign,
    /// `sd-audit`.
    Audit,
}

impl Worker {
    /// Its binary, and its name in logs and pid files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fetch => "sd-fetch",
            Self::Sign => "sd-sign",
            Self::Audit => "sd-audit",
        }
    }

    /// The name of its socket.
    #[must_use]
    pub fn socket(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Sign => "sign",
            Self::Audit => "audit",
        }
    }

    /// Who runs it.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Self::Fetch | Self::Sign => "companion",
            Self::Audit => "audit",
        }
    }
}

/// The binaries that must stand beside the rig.
pub const BINARIES: [&str; 9] =
    ["sd-agent", "sd-audit", "sd-decide", "sd-fetch", "sd-gate", "sd-gpg", "sd-pinentry", "sd-sign", "sdctl"];

/// Looks whether all tools are there and may be executed by the people of this run.
///
/// # Errors
/// The first that is not, and what to do about it.
pub fn are_built(environment: &Environment) -> Result<(), Failure> {
    for name in BINARIES {
        let file = environment.tools.join(name);
        if !file.is_file() {
            let words = "is not there; build all of them with `cargo build --workspace`";
            return Err(Failure::Missing(format!("{} {words}", file.display())));
        }
    }
    let closed = environment.tools.ancestors().find(|dir| {
        use std::os::unix::fs::PermissionsExt;
        environment.people.apart && dir.metadata().is_ok_and(|it| it.permissions().mode() & 0o001 == 0)
    });
    match closed {
        Some(dir) => {
            let words =
                "is closed to other users, who are to run the tools; build outside of it (CARGO_TARGET_DIR)";
            Err(Failure::Missing(format!("{} {words}", dir.display())))
        }
        None => Ok(()),
    }
}

/// A long-lived tool, ready to be started.
///
/// # Errors
/// When a file of its environment cannot be opened.
pub fn daemon(
    which: Daemon,
    environment: &Environment,
    expire: Option<u64>,
    vt: &Vt,
    [bell, passphrase]: [&Doorbell; 2],
    notify: &Notify,
) -> Result<Launch, Failure> {
    let program = environment.tools.join(which.name());
    let launch =
        environment.service(which.name(), program, which.role())?.env("NOTIFY_SOCKET", notify.path());
    let socket = |worker: Worker| environment.at("socket").join(worker.socket()).with_extension("sock");
    Ok(match which {
        Daemon::Decide => {
            let launch = launch
                .env("CREDENTIALS_DIRECTORY", environment.at("credentials"))
                .env("TERM", "linux")
                .terminal(vt.share()?)
                .listener(bell.name, bell.share()?)
                .second_listener(passphrase.name, passphrase.share()?, &environment.log_path_of(which.name()))
                .arg("--fetch")
                .arg(socket(Worker::Fetch))
                .arg("--sign")
                .arg(socket(Worker::Sign))
                .arg("--audit")
                .arg(socket(Worker::Audit));
            match expire {
                Some(seconds) => launch.arg("--expire").arg(seconds.to_string()),
                None => launch,
            }
        }
        Daemon::Gate => launch
            .env("CREDENTIALS_DIRECTORY", environment.at("credentials"))
            .env("DBUS_SYSTEM_BUS_ADDRESS", &environment.system_bus)
            .arg("--decide")
            .arg(bell.path()),
        Daemon::Agent => launch
            .env("SECRETS_DISPATCHER_CONFIG", environment.at("config"))
            .env("DBUS_SYSTEM_BUS_ADDRESS", &environment.system_bus)
            .env("DBUS_SESSION_BUS_ADDRESS", &environment.session_bus),
    })
}

/// A worker, ready to be started with its socket.
///
/// # Errors
/// When a file of its environment cannot be opened.
pub fn worker(which: Worker, environment: &Environment, bell: &Doorbell) -> Result<Launch, Failure> {
    let program = environment.tools.join(which.name());
    let launch = environment
        .service(which.name(), program, which.role())?
        .env("CREDENTIALS_DIRECTORY", environment.at("credentials"))
        .listener(bell.name, bell.share()?);
    Ok(match which {
        Worker::Fetch => launch
            .env("DBUS_SESSION_BUS_ADDRESS", &environment.companion_bus)
            .arg("--passphrase")
            .arg(environment.at("socket/passphrase.sock")),
        // gpg-agent, which gpg starts from here, hands them on to sd-pinentry.
        Worker::Sign => launch
            .env("GNUPGHOME", &environment.gnupghome)
            .env("SECRETS_DISPATCHER_PASSPHRASE", environment.at("socket/passphrase.sock"))
            .env("SECRETS_DISPATCHER_CONFIG", environment.at("config")),
        Worker::Audit => launch.arg("serve").arg("--folder").arg(environment.record()),
    })
}
