//! As root, for the companion: everything is done by a child that is the companion, or the desktop user.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use sd_sys::exit;

use crate::account::Account;
use crate::cli::{Deed, Whose};
use crate::failure::Failure;
use crate::key::awake::Awake;
use crate::key::{MAX_FILE, new_file, publish};
use crate::place::state_of;
use crate::setup::{self, backend_of};

/// Does what is wanted for the companion of this desktop user.
pub(super) fn run(desktop: &str, whose: &Whose, deed: Deed) -> Result<(), Failure> {
    let companion = Account::companion_of(desktop)?;
    if whose.state.is_none() {
        make_state(desktop, &companion)?;
    }
    let awake = Awake::of(&companion, whose.gnupghome.as_deref())?;
    let mut child = itself(&companion, whose);
    let begins = matches!(deed, Deed::Store { .. });
    match deed {
        Deed::Import { file, replace } => {
            child.arg("import").arg("-").args(replace.then_some("--replace"));
            if file != Path::new("-") {
                // Opened here: the companion need not be able to reach it.
                let open = File::open(&file);
                child.stdin(
                    open.map_err(|e| Failure::Data(format!("{} cannot be read: {e}", file.display())))?,
                );
            }
        }
        Deed::Generate(new) => {
            child.arg("generate").arg("--algo").arg(&new.algo);
            // As one word each: what begins with a dash is no option.
            child.args(new.name.map(|name| format!("--name={name}")));
            child.args(new.email.map(|email| format!("--email={email}")));
            child.args(new.expire.map(|days| format!("--expire={days}")));
            child.args(new.no_passphrase.then_some("--no-passphrase"));
            child.args(new.replace.then_some("--replace"));
        }
        Deed::ExportPublic { file } => {
            child.arg("export-public");
            if let Some(path) = file {
                let open = new_file(&path);
                child.stdout(
                    open.map_err(|e| Failure::Usage(format!("{} cannot be written: {e}", path.display())))?,
                );
            }
        }
        Deed::PublishToDesktop { home, trust } => {
            return publish_to_desktop(desktop, &|| itself(&companion, whose), home.as_deref(), trust);
        }
        Deed::Trust { fingerprint } => {
            child.args(["trust", fingerprint.as_str()]);
        }
        Deed::Signing => {
            child.arg("signing");
        }
        Deed::List => {
            child.arg("list");
        }
        Deed::Store { key, no_passphrase } => {
            child.arg("store").args(key.map(|key| format!("--key={}", key.as_str())));
            child.args(no_passphrase.then_some("--no-passphrase"));
        }
    }
    success(child.status().map_err(cannot)?)?;
    if begins && awake.in_session {
        // It has looked for a store when the session began, and found none.
        let unit = backend_of(desktop)?.unit();
        setup::run::success(setup::run::apart(&companion, "systemctl", &["--user", "restart", &unit]))?;
    }
    Ok(())
}

fn cannot(e: io::Error) -> Failure {
    Failure::Unavailable(format!("nothing can be run as the companion: {e}"))
}

fn success(status: ExitStatus) -> Result<(), Failure> {
    match status.code() {
        Some(0) => Ok(()),
        code => Err(Failure::OfChild(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::BUG))),
    }
}

/// What the companion says to this deed.
fn output(mut companion: Command, deed: &str) -> Result<Vec<u8>, Failure> {
    let mut child =
        companion.arg(deed).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(cannot)?;
    let mut said = Vec::new();
    if let Some(output) = child.stdout.take() {
        output.take(MAX_FILE).read_to_end(&mut said).map_err(cannot)?;
    }
    success(child.wait().map_err(cannot)?)?;
    Ok(said)
}

/// This program once more, as the companion.
fn itself(companion: &Account, whose: &Whose) -> Command {
    // Not by its path, which the companion need not be able to reach.
    let mut child = companion.command("/proc/self/exe");
    child.arg0("sd-provision").arg("key");
    if let Some(home) = &whose.gnupghome {
        child.arg("--gnupghome").arg(home);
    }
    if let Some(state) = &whose.state {
        child.arg("--state").arg(state);
    }
    child
}

/// Where sd-sign will keep its key: systemd makes the same folder when it first starts it (`StateDirectory=`).
fn make_state(desktop: &str, companion: &Account) -> Result<(), Failure> {
    let place = state_of(desktop);
    if place.symlink_metadata().is_ok() {
        return Ok(());
    }
    let made = || -> io::Result<()> {
        if let Some(above) = place.parent() {
            DirBuilder::new().recursive(true).mode(0o755).create(above)?;
            // The umask of this process is stricter; the companion has to pass.
            for folder in [above.parent(), Some(above)].into_iter().flatten() {
                fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            }
        }
        DirBuilder::new().mode(0o700).create(&place)?;
        std::os::unix::fs::lchown(&place, Some(companion.uid), None)
    };
    made().map_err(|e| Failure::Misconfigured(format!("{} cannot be made: {e}", place.display())))
}

fn publish_to_desktop(
    desktop: &str,
    companion: &dyn Fn() -> Command,
    home: Option<&Path>,
    trust: bool,
) -> Result<(), Failure> {
    let person = Account::named(desktop)?;
    if person.uid == 0 {
        return Err(Failure::Usage("root has no companion".into()));
    }
    let key = String::from_utf8_lossy(&output(companion(), "signing")?).trim().to_owned();
    let key = sd_keys::fingerprint(&key).map_err(|why| Failure::Unavailable(why.to_owned()))?;
    let public = output(companion(), "export-public")?;
    let gpg = || {
        let mut gpg = person.command("gpg");
        if let Some(home) = home {
            gpg.arg("--homedir").arg(home);
        }
        gpg
    };
    publish::publish(&gpg, &key, &public, trust)?;
    let place = home.map_or_else(|| format!("{desktop}'s keyring"), |home| home.display().to_string());
    publish::said(&place, &key, trust)
}
