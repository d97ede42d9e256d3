//! A new key.
//!
//! The companion's gpg-agent refuses a passphrase that comes otherwise than by its pinentry, and that one asks for no new
//! ones. So the key is made in a GnuPG home of its own, which has an agent of its own, and then moved.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sd_wire::sign::Fingerprint;

use crate::cli::New;
use crate::failure::Failure;
use crate::key::say;
use crate::keyring::Keyring;
use crate::place::Place;
use crate::prompt;

const DAY: u64 = 24 * 60 * 60;

/// Makes it; its fingerprint.
pub(super) fn generate(place: &Place, new: &New) -> Result<Fingerprint, Failure> {
    let user_id = user_id(new.name.as_deref(), new.email.as_deref())?;
    if new.algo.is_empty() || !new.algo.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Failure::Usage(
            "--algo takes the name of one algorithm, such as ed25519 or rsa4096".into(),
        ));
    }
    let lasts = new.expire.map(|days| Duration::from_secs(days.saturating_mul(DAY)));
    let passphrase = if new.no_passphrase { None } else { Some(prompt::new_passphrase()?) };
    craft(place, &user_id, |there| there.make(&user_id, &new.algo, lasts, passphrase))
}

/// Makes one to encrypt a store to; its fingerprint.
pub(super) fn for_a_store(place: &Place, user_id: &str, open: bool) -> Result<Fingerprint, Failure> {
    let passphrase = if open { None } else { Some(prompt::new_passphrase()?) };
    craft(place, user_id, |there| there.make_for_a_store(user_id, passphrase))
}

/// Has it made beside the companion's keyring, and takes it over.
fn craft(
    place: &Place,
    user_id: &str,
    make: impl FnOnce(&mut Keyring) -> Result<Fingerprint, Failure>,
) -> Result<Fingerprint, Failure> {
    place.make_home()?;
    let workshop = Workshop::within(&place.home)?;
    let mut there = Keyring::open(&workshop.0)?;
    let made = make(&mut there)?;
    let public = there.public(&made)?;
    workshop.move_out(&place.home)?;
    Keyring::open(&place.home)?.import(&public)?;
    say(&format!("made      {}\n          {user_id}", made.as_str()))?;
    let revocation = place.home.join("openpgp-revocs.d").join(format!("{}.rev", made.as_str()));
    say(&format!("          revocation certificate: {}", revocation.display()))?;
    Ok(made)
}

fn user_id(name: Option<&str>, email: Option<&str>) -> Result<String, Failure> {
    let bad = |c: char| c.is_control() || matches!(c, '<' | '>' | '(' | ')');
    let (name, email) = (name.unwrap_or_default().trim(), email.unwrap_or_default().trim());
    if name.contains(bad) || name.len() > 200 {
        return Err(Failure::Usage("--name takes a name, without brackets".into()));
    }
    let address = email.split_once('@').is_some_and(|(who, at)| !who.is_empty() && !at.is_empty());
    if !email.is_empty() && (!address || email.contains(bad) || email.contains(' ') || email.len() > 200) {
        return Err(Failure::Usage("--email takes an address, such as ada@example.org".into()));
    }
    match (name, email) {
        ("", "") => Err(Failure::Usage("say whose key it is, by --name, --email or both".into())),
        (name, "") => Ok(name.to_owned()),
        ("", email) => Ok(email.to_owned()),
        (name, email) => Ok(format!("{name} <{email}>")),
    }
}

/// A GnuPG home for the time of the making; gone afterwards, and its agent too.
struct Workshop(PathBuf);

impl Workshop {
    fn within(home: &Path) -> Result<Self, Failure> {
        let place = home.join(format!("new.{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&place).map_err(|e| {
            Failure::Misconfigured(format!("the key cannot be made in {}: {e}", place.display()))
        })?;
        Ok(Self(place))
    }

    /// What gpg-agent keeps of the key, protected by its passphrase, and its revocation certificate.
    fn move_out(&self, home: &Path) -> Result<(), Failure> {
        let moved = || -> io::Result<()> {
            for folder in ["private-keys-v1.d", "openpgp-revocs.d"] {
                let (from, to) = (self.0.join(folder), home.join(folder));
                DirBuilder::new().recursive(true).mode(0o700).create(&to)?;
                for entry in fs::read_dir(from)? {
                    let entry = entry?;
                    let bytes = fs::read(entry.path())?;
                    let target = to.join(entry.file_name());
                    let mut file =
                        OpenOptions::new().write(true).create_new(true).mode(0o600).open(target)?;
                    file.write_all(&bytes)?;
                    file.sync_all()?;
                }
            }
            Ok(())
        };
        moved().map_err(|e| {
            Failure::Misconfigured(format!("the key cannot be moved to {}: {e}", home.display()))
        })
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        end.arg("--homedir").arg(&self.0).args(["--kill", "gpg-agent"]);
        // One that never started needs no end.
        let _ = end.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_is_a_name_an_address_or_both() {
        assert_eq!(user_id(Some("Ada"), Some("a@b")).unwrap(), "Ada <a@b>");
        assert_eq!(user_id(Some("Ada"), None).unwrap(), "Ada");
        assert_eq!(user_id(None, Some("a@b")).unwrap(), "a@b");
    }

    #[test]
    fn what_would_be_another_user_id_than_it_looks_is_refused() {
        for (name, email) in [
            ("Eve <eve@x>", "a@b"),
            ("A\nB", "a@b"),
            ("A", "a"),
            ("A", "a@"),
            ("A", "a@b> <c@d"),
            ("A", "a b@c"),
            (" ", ""),
        ] {
            assert!(user_id(Some(name), Some(email)).is_err(), "{name:?} {email:?}");
        }
    }
}
