//! `sd-gpg setup`: tells git to sign through this program, and takes that back.
//!
//! What was there before is kept in git's own configuration, beside what is set, so that `--undo` needs nothing else.

mod cli;
mod config;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use cli::Cli;
use config::{Config, Scope};

use crate::failure::Failure;

/// Where the values that were replaced are kept: `KEY=VALUE`, or `KEY` for what was not set.
const WAS: &str = "secrets-dispatcher.was";
/// The values that were set instead: `KEY=VALUE`.
const IS: &str = "secrets-dispatcher.is";

/// Whether the arguments are for this, and not for gpg: nobody asks gpg to read a file of this name.
pub(crate) fn is_wanted(arguments: &[OsString]) -> bool {
    arguments.first().is_some_and(|first| first == "setup")
}

/// Does what the arguments behind `setup` say.
///
/// # Errors
/// [`Failure::Setup`] with a sentence.
pub(crate) fn run(arguments: &[OsString]) -> Result<(), Failure> {
    let cli = Cli::parse_from(arguments);
    let scope = if cli.local { Scope::Local } else { Scope::Global };
    let config = Config { scope, dry_run: cli.dry_run, folder: None };
    let done = if cli.undo { undo(&config) } else { set_up(&config, cli.key, &program()?) };
    let done = done?;
    if cli.dry_run {
        println!("This is what it would do; nothing was changed.");
    }
    print(&done);
    if !cli.undo {
        println!("To put it back: sd-gpg setup {}--undo", if cli.local { "--local " } else { "" });
    }
    Ok(())
}

fn print(lines: &[String]) {
    for line in lines {
        println!("{line}");
    }
}

/// This program, by a path that stays good when it is replaced by a newer one.
fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|e| Failure::Setup(format!("this program does not find itself: {e}")))
}

/// What was done, in a line each.
fn set_up(config: &Config, key: Option<String>, program: &std::path::Path) -> Result<Vec<String>, Failure> {
    let program =
        program.to_str().ok_or_else(|| Failure::Setup("the path of this program is no text".into()))?;
    let mut wanted = vec![("gpg.program", program.to_owned())];
    // Either of these would keep git from calling gpg.program.
    if config.effective("gpg.openpgp.program")?.is_some() {
        wanted.push(("gpg.openpgp.program", program.to_owned()));
    }
    if config.effective("gpg.format")?.is_some_and(|format| format != "openpgp") {
        wanted.push(("gpg.format", "openpgp".to_owned()));
    }
    wanted.extend(key.map(|key| ("user.signingkey", key)));
    let (was, is) = (config.all(WAS)?, config.all(IS)?);
    let mut said = Vec::new();
    for (name, value) in wanted {
        let old = config.own(name)?;
        if old.as_ref() == Some(&value) {
            said.push(format!("{name} is {value} already, in {}", config.scope));
            continue;
        }
        // Only the first time: what we have set ourselves is nothing to come back to.
        if !was.iter().any(|kept| kept.split('=').next() == Some(name)) {
            config.add(WAS, &old.as_ref().map_or_else(|| name.to_owned(), |old| format!("{name}={old}")))?;
        }
        if let Some(ours) = is.iter().find(|ours| ours.split('=').next() == Some(name)) {
            config.remove(IS, Some(ours))?;
        }
        config.add(IS, &format!("{name}={value}"))?;
        config.set(name, &value)?;
        let before = old.map_or_else(|| "not set before".to_owned(), |old| format!("before: {old}"));
        said.push(format!("{name} = {value}   in {} ({before})", config.scope));
    }
    Ok(said)
}

fn undo(config: &Config) -> Result<Vec<String>, Failure> {
    let (was, is) = (config.all(WAS)?, config.all(IS)?);
    if was.is_empty() {
        return Ok(vec![format!("nothing of this program's is set in {}", config.scope)]);
    }
    let mut said = Vec::new();
    for kept in &was {
        let (name, old) = kept.split_once('=').map_or((kept.as_str(), None), |(name, old)| (name, Some(old)));
        let ours = is.iter().find_map(|set| set.strip_prefix(name)?.strip_prefix('='));
        let now = config.own(name)?;
        if now.as_deref() != ours {
            let now = now.unwrap_or_else(|| "not set".to_owned());
            said.push(format!("{name} was changed since and stays as it is: {now}"));
        } else if let Some(old) = old {
            config.set(name, old)?;
            said.push(format!("{name} = {old} again, in {}", config.scope));
        } else {
            config.remove(name, None)?;
            said.push(format!("{name} is not set any more, in {}", config.scope));
        }
    }
    config.remove(WAS, None)?;
    config.remove(IS, None)?;
    Ok(said)
}

#[cfg(test)]
mod tests;
