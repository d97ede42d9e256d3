//! `sd-provision key`: as the companion itself, or as root for it.

mod as_root;
mod awake;
mod generate;
mod publish;
mod store;

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use sd_keys::Allowed;
use sd_sys::identity::own_uid;
use sd_wire::sign::Fingerprint;

use crate::cli::{Deed, Options};
use crate::failure::Failure;
use crate::keyring::{Described, Keyring};
use crate::place::Place;

/// The most bytes that a file with a key may have.
const MAX_FILE: u64 = 1024 * 1024;

/// Does what is wanted.
pub(crate) fn run(options: Options) -> Result<(), Failure> {
    sd_sys::harden::this_process().map_err(|e| Failure::Unavailable(e.to_string()))?;
    let Options { whose, deed } = options;
    if let Some(desktop) = &whose.user {
        if own_uid() != 0 {
            return Err(Failure::Permission("--user is for root; the companion needs none".into()));
        }
        return as_root::run(desktop, &whose, deed);
    }
    let place = Place::of(&whose)?;
    match deed {
        Deed::Import { file, replace } => import(&place, &file, replace),
        Deed::Generate(new) => {
            let made = generate::generate(&place, &new)?;
            sign_with(&place, &made, new.replace)
        }
        Deed::ExportPublic { file } => {
            let key = signing(&place)?;
            let public = Keyring::open(&place.home)?.public(&key)?;
            write(file.as_deref(), &public)
        }
        Deed::PublishToDesktop { home: Some(home), trust } => {
            let key = signing(&place)?;
            let public = Keyring::open(&place.home)?.public(&key)?;
            publish::into_home(&home, &key, &public, trust)
        }
        Deed::PublishToDesktop { home: None, .. } => Err(Failure::Permission(
            "the desktop user's keyring is closed to the companion: run it as root with --user NAME, \
             or give what `sd-provision key export-public` prints to `gpg --import` on the desktop"
                .into(),
        )),
        Deed::Trust { fingerprint } => trust(&place, &fingerprint),
        Deed::Signing => say(signing(&place)?.as_str()),
        Deed::List => list(&place),
        Deed::Store { key, no_passphrase } => store::begin(&place, key, no_passphrase),
    }
}

fn import(place: &Place, file: &Path, replace: bool) -> Result<(), Failure> {
    let bytes = read(file)?;
    place.make_home()?;
    let mut keyring = Keyring::open(&place.home)?;
    let found = keyring.look_into(&bytes)?;
    let secret: Vec<&Described> = found.iter().filter(|key| key.secret).collect();
    let key = match (secret.as_slice(), found.len()) {
        ([key], 1) => *key,
        ([], _) => {
            return Err(Failure::Data(
                "the file holds no secret key; on the desktop, `gpg --armor --export-secret-keys FPR` writes one"
                    .into(),
            ));
        }
        (_, all) => {
            return Err(Failure::Data(format!(
                "the file holds {all} keys; export the one that shall sign: `gpg --export-secret-keys FPR`"
            )));
        }
    };
    if let Some(why) = key.unfit {
        return Err(Failure::Data(format!("key {} would sign nothing: {why}", key.fingerprint.as_str())));
    }
    keyring.import(&bytes)?;
    let taken = keyring.keys()?.into_iter().find(|other| other.fingerprint == key.fingerprint);
    if !taken.is_some_and(|taken| taken.secret) {
        return Err(Failure::Unavailable(
            "gpg took the public part only; does gpg-agent run for the companion? start gpg-agent.socket of its \
             user manager and try again"
                .into(),
        ));
    }
    say(&format!("imported  {}\n          {}", key.fingerprint.as_str(), key.user_id))?;
    sign_with(place, &key.fingerprint, replace)?;
    if file != Path::new("-") {
        say(&format!(
            "{} still holds the secret key: remove it, and the key from the desktop.",
            file.display()
        ))?;
    }
    Ok(())
}

/// Has this key sign from now on, unless another one does and shall go on.
fn sign_with(place: &Place, key: &Fingerprint, replace: bool) -> Result<(), Failure> {
    let kept = |why: sd_keys::NotKept| Failure::Misconfigured(why.to_string());
    let now = if replace {
        place.first_use.replace(key).map_err(kept)?;
        key.clone()
    } else {
        place.first_use.keep(key).map_err(kept)?
    };
    if now == *key {
        say("it signs from now on, and no other key does")?;
    } else {
        say(&format!(
            "it does not sign: {} does until now. To sign with the new one: sd-provision key trust {}",
            now.as_str(),
            key.as_str()
        ))?;
    }
    said_by_the_list(place, key)
}

fn trust(place: &Place, key: &Fingerprint) -> Result<(), Failure> {
    let held = Keyring::open(&place.home)?.keys()?;
    if !held.iter().any(|other| other.fingerprint == *key) {
        return Err(Failure::Data(format!(
            "there is no key {} in the companion's keyring; see `sd-provision key list`",
            key.as_str()
        )));
    }
    // What is there and cannot be read is replaced as well: that is what this is for.
    let before = place.first_use.read().ok().flatten();
    place.first_use.replace(key).map_err(|why| Failure::Misconfigured(why.to_string()))?;
    if let Some(before) = before.filter(|before| before != key) {
        say(&format!("until now   {}", before.as_str()))?;
    }
    say(&format!("from now on {}", key.as_str()))?;
    said_by_the_list(place, key)
}

/// A list goes before what was just done.
fn said_by_the_list(place: &Place, key: &Fingerprint) -> Result<(), Failure> {
    match (place.allowed()?, &place.list) {
        (Allowed::Listed(keys), Some(list)) if !keys.contains(key) => say(&format!(
            "but {} decides, and does not name it: add it there, as root, and restart sd-sign",
            list.display()
        )),
        _ => Ok(()),
    }
}

fn list(place: &Place) -> Result<(), Failure> {
    let allowed = place.allowed()?;
    let keys = Keyring::open(&place.home)?.keys()?;
    if keys.is_empty() {
        return say("the companion has no key; see `sd-provision key import` and `generate`");
    }
    for key in keys {
        say(&format!("{}  {}", key.fingerprint.as_str(), key.user_id))?;
        let part = match (key.secret, key.on_card) {
            (_, true) => "on a card",
            (true, false) => "secret part here",
            (false, false) => "no secret part",
        };
        let signs = match (&allowed, allowed.admit(&key.fingerprint)) {
            _ if key.unfit.is_some() || !key.secret => key.unfit.unwrap_or("cannot sign"),
            (Allowed::First(None), Ok(())) => "signs if it is the first to",
            (_, Ok(())) => "signs",
            (_, Err(_)) => "does not sign",
        };
        say(&format!("    {part}; {signs}"))?;
    }
    Ok(())
}

/// The key that signs, if it is known which.
fn signing(place: &Place) -> Result<Fingerprint, Failure> {
    let (allowed, keys) = (place.allowed()?, Keyring::open(&place.home)?.keys()?);
    let mut able = keys.into_iter().filter(|key| key.secret && key.unfit.is_none());
    let mut fit = able.by_ref().filter(|key| allowed.admit(&key.fingerprint).is_ok());
    match (fit.next(), fit.next()) {
        (Some(key), None) => Ok(key.fingerprint),
        (Some(_), Some(_)) => Err(Failure::Data(
            "more than one key may sign; choose: `sd-provision key list`, then `sd-provision key trust FPR`"
                .into(),
        )),
        (None, _) => {
            Err(Failure::Data("no key of the companion can sign and may; see `sd-provision key list`".into()))
        }
    }
}

/// A file as whoever runs this process may read it, or standard input.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |e: io::Error| Failure::Data(format!("{} cannot be read: {e}", file.display()));
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin().lock().take(MAX_FILE.saturating_add(1)).read_to_end(&mut bytes).map_err(wrong)?;
    } else {
        File::open(file)
            .map_err(wrong)?
            .take(MAX_FILE.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(wrong)?;
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_FILE) {
        Ok(bytes)
    } else {
        Err(Failure::Data(format!("{} is longer than {MAX_FILE} bytes, no key is", file.display())))
    }
}

fn write(file: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    let Some(path) = file else { return Ok(io::stdout().lock().write_all(bytes)?) };
    let wrong = |e: io::Error| Failure::Usage(format!("{} cannot be written: {e}", path.display()));
    let mut file = new_file(path).map_err(wrong)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(wrong)
}

/// A file that was not there before. What is public may be read, whatever the umask of this process.
fn new_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    Ok(file)
}

fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}
