//! An application on the crate oo7, by its `Keyring`. Its steps are those of apps::run.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::process::ExitCode;

use apps::Store;
use smol::block_on;

struct Keyring(oo7::Keyring);

fn main() -> ExitCode {
    apps::run(|| block_on(oo7::Keyring::new()).map(Keyring).map_err(words))
}

impl Store for Keyring {
    fn set(&mut self, user: &str, password: &str) -> Result<(), String> {
        let label = format!("demo of {user}");
        block_on(self.0.create_item(&label, &attributes(user), password, true)).map_err(words)
    }

    fn get(&mut self, user: &str) -> Result<Option<String>, String> {
        block_on(async {
            match self.0.search_items(&attributes(user)).await?.first() {
                Some(item) => {
                    item.unlock().await?;
                    item.secret().await.map(|secret| Some(String::from_utf8_lossy(&secret).into_owned()))
                }
                None => Ok(None),
            }
        })
        .map_err(words)
    }

    fn delete(&mut self, user: &str) -> Result<Option<()>, String> {
        block_on(async {
            match self.0.search_items(&attributes(user)).await?.first() {
                Some(item) => item.delete().await.map(Some),
                None => Ok(None),
            }
        })
        .map_err(words)
    }
}

fn attributes(user: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", "demo"), ("username", user)])
}

fn words(error: oo7::Error) -> String {
    format!("{error:?}")
}
