//! An application on the crate keyring, 4, by zbus. Its steps are those of apps::run.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use apps::Store;
use keyring4::v1::{Entry, Error};

struct Keyring;

fn main() -> ExitCode {
    apps::run(|| Ok(Keyring))
}

impl Store for Keyring {
    fn set(&mut self, user: &str, password: &str) -> Result<(), String> {
        entry(user)?.set_password(password).map_err(words)
    }

    fn get(&mut self, user: &str) -> Result<Option<String>, String> {
        found(entry(user)?.get_password())
    }

    fn delete(&mut self, user: &str) -> Result<Option<()>, String> {
        found(entry(user)?.delete_credential())
    }
}

fn entry(user: &str) -> Result<Entry, String> {
    Entry::new("demo", user).map_err(words)
}

fn found<T>(answer: Result<T, Error>) -> Result<Option<T>, String> {
    match answer {
        Ok(it) => Ok(Some(it)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(words(error)),
    }
}

fn words(error: Error) -> String {
    format!("{error:?}")
}
