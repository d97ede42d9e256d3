//! What signing takes: a repository with something to commit, and a companion with a key.

use std::path::PathBuf;
use std::process::Command;

use super::Rig;

/// A repository with one staged file, in the directory that a run's COMMAND may write to.
pub(crate) const REPOSITORY: &str = r#"
set -eu
git init -q -b main "$HOME/repo"; cd "$HOME/repo"
git config user.name 'Ada Example'; git config user.email ada@example.org
git config gpg.program sd-gpg
echo one > one.txt; git add one.txt; git commit -q --no-gpg-sign -m start
echo two > two.txt; echo more >> one.txt; git add .
"#;

/// A rig with a throw-away key, and the public key in a file that COMMAND may read.
pub(crate) fn rig(options: &[&str]) -> (Rig, PathBuf) {
    rig_with_passphrase("", options)
}

/// As [`rig`], with a passphrase on the key, for which gpg-agent asks by sd-pinentry.
pub(crate) fn rig_with_passphrase(passphrase: &str, options: &[&str]) -> (Rig, PathBuf) {
    let rig = Rig::real();
    let home = rig.place().join("gnupg");
    std::fs::create_dir(&home).unwrap();
    std::os::unix::fs::chown(&home, None, None).unwrap();
    std::fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let gpg = |args: &[&str]| {
        let output =
            Command::new("gpg").arg("--homedir").arg(&home).arg("--batch").args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    gpg(&[
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        passphrase,
        "--quick-gen-key",
        "Ada Example <ada@example.org>",
        "ed25519",
        "sign",
        "never",
    ]);
    let public = rig.place().join("public.asc");
    std::fs::write(&public, gpg(&["--armor", "--export"])).unwrap();
    // The agent that made the key knows its passphrase.
    let killed =
        Command::new("gpgconf").arg("--homedir").arg(&home).args(["--kill", "all"]).status().unwrap();
    assert!(killed.success());
    let pinentry = std::path::Path::new(env!("CARGO_BIN_EXE_sd-rig")).with_file_name("sd-pinentry");
    std::fs::write(home.join("gpg-agent.conf"), format!("pinentry-program {}\n", pinentry.display()))
        .unwrap();
    let home = home.to_str().unwrap().to_owned();
    (rig.with(options).with(&["--gnupghome", &home]), public)
}
