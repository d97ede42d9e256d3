//! What the applications here have in common: a command line of steps, and a line of output for each.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

/// What an application does with its store, each time for a user name.
pub trait Store {
    /// Stores a password, in the place of one that is there.
    fn set(&mut self, user: &str, password: &str) -> Result<(), String>;
    /// The password, `None` only when there is none.
    fn get(&mut self, user: &str) -> Result<Option<String>, String>;
    /// Deletes the password; `None` when there is none.
    fn delete(&mut self, user: &str) -> Result<Option<()>, String>;
}

/// Takes the steps of the command line: `set USER PASSWORD`, `get USER`, `delete USER`, `wait MILLISECONDS`. Prints a
/// line for each: what was read, `done`, `none` when nothing was found, `error` and what the crate says of it.
pub fn run<S: Store>(open: impl FnOnce() -> Result<S, String>) -> ExitCode {
    let mut store = match open() {
        Ok(store) => store,
        Err(error) => {
            println!("error {error}");
            return ExitCode::FAILURE;
        }
    };
    for step in std::env::args().skip(1) {
        let words: Vec<&str> = step.split_whitespace().collect();
        let done = |found: Option<()>| found.map(|()| "done".to_owned());
        let said = match words.as_slice() {
            ["set", user, password] => store.set(user, password).map(|()| done(Some(()))),
            ["get", user] => store.get(user),
            ["delete", user] => store.delete(user).map(done),
            ["wait", time] => {
                std::thread::sleep(Duration::from_millis(time.parse().unwrap_or_default()));
                Ok(done(Some(())))
            }
            _ => Err(format!("no such step: {step}")),
        };
        match said {
            Ok(said) => println!("{}", said.as_deref().unwrap_or("none")),
            Err(error) => println!("error {}", error.replace('\n', " ")),
        }
    }
    ExitCode::SUCCESS
}

/// The whole application on a version of the crate keyring, whose versions look the same: its `Entry` and `Error` are
/// in the module that is given.
#[macro_export]
macro_rules! application_on {
    ($($module:ident)::+) => {
        use $($module)::+::{Entry, Error};

        struct Keyring;

        fn main() -> std::process::ExitCode {
            $crate::run(|| Ok(Keyring))
        }

        impl $crate::Store for Keyring {
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
    };
}
