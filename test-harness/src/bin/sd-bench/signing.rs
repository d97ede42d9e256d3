//! Signed commits, through the chain and by gpg alone.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use nix::unistd::{Gid, Uid, chown, geteuid};
use test_harness::people::People;
use test_harness::run_dir;

use crate::figures::{Row, Sample};
use crate::stage::{Chain, gnupg, place};
use crate::{Done, Plan};

pub(crate) const ABOUT: &str = "`git commit -S` of one changed file with an ed25519 key that needs no passphrase, by \
`sd-gpg` under a grant, and by gpg with the same key and an agent of its own; both in one repository, in turn.";

const LOOP: &str = r#"while read -r by; do
    echo "$by" >> file; git add file
    began=$(date +%s%N); git -c gpg.program="$by" commit -q -S -m x > log 2>&1 || { cat log >&2; echo failed; }; ended=$(date +%s%N)
    echo $((ended - began))
done"#;

pub(crate) fn commits(plan: &Plan) -> Done<Vec<Row>> {
    let place = place()?;
    let home = place.path().join("gnupg");
    gnupg(&home)?;
    let chain = Chain::start(&["--gnupghome", home.to_str().ok_or("a path that is no text")?])?;
    let (own, repository) = (place.path().join("own"), place.path().join("repository"));
    let uid = People::here().desktop;
    run_dir::private_copy(&home, &own, uid).map_err(|why| why.to_string())?;
    fs::create_dir(&repository)?;
    if geteuid().is_root() {
        chown(&repository, Some(Uid::from_raw(uid)), Some(Gid::from_raw(uid)))?;
    }
    let git = |words: &[&str]| {
        let mut command = chain.desktop("git");
        command.args(words).current_dir(&repository).env("GNUPGHOME", &own).env("HOME", &repository);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null");
        command
    };
    for words in [
        &["init", "-q"][..],
        &["config", "user.name", "Bench"],
        &["config", "user.email", "bench@example.org"],
    ] {
        git(words).status()?;
    }
    let sd_gpg = crate::stage::binaries()?.join("sd-gpg");
    let sd_gpg = sd_gpg.to_str().ok_or("a path that is no text")?;
    // The shell is git's child, so that all its commits are by one git, which is what a grant is tied to.
    let script = place.path().join("loop.sh");
    fs::write(&script, LOOP)?;
    let alias = format!("alias.bench=!sh {}", script.display());
    let mut child = git(&["-c", &alias, "bench"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut words = child.stdin.take().ok_or("no input")?;
    let mut answers = BufReader::new(child.stdout.take().ok_or("no output")?);
    let mut commit = |by: &str, granted: bool| -> Done<f64> {
        writeln!(words, "{by}")?;
        if !granted {
            chain.types_at_an_ask(&["g", "15\r"])?;
        }
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let took: f64 = line.trim().parse().map_err(|_| format!("a commit by {by}: {line}"))?;
        Ok(took / 1e6)
    };
    commit(sd_gpg, false)?;
    commit("gpg", true)?;
    let (mut ours, mut theirs) = (Sample::default(), Sample::default());
    for _ in 0..plan.rounds(60, 5) {
        ours.add(commit(sd_gpg, true)?);
        theirs.add(commit("gpg", true)?);
    }
    drop(words);
    child.wait()?;
    std::process::Command::new("gpgconf").arg("--homedir").arg(&own).args(["--kill", "all"]).status()?;
    let ratio = ours.median() / theirs.median();
    Ok(vec![
        Row::plain("through the chain", ours.words()),
        Row::plain("plain gpg", theirs.words()),
        Row::against("the chain against plain gpg", format!("{ratio:.2} ×"), "≤ 1.2 ×", ratio <= 1.2),
    ])
}
