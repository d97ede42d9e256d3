//! The names of accounts: what two programs need to be told of an item before a person has approved it.
//!
//! git and docker search by the server, have the item unlocked, and take the account's name from its attributes. But
//! libsecret has read those before it asks for the prompt, and hears of what a person approved only in a main loop, which
//! a program that wants one password never runs (libsecret 0.20.5, tried: `secret_service_search_sync`). So whoever names
//! the server of such an item, as these programs do, is told its account's name with the search; nothing else of it,
//! nothing of other items, and nothing where the setting is `hidden`, since there a person sees each search first.

use std::collections::HashMap;

use sd_wire::bounded::Attributes;
use sd_wire::outcome::{Account, Found, MAX_DESCRIBED};
use sd_wire::path::ItemPath;

use crate::backend::{Backend, take};

const SCHEMA: &str = "xdg:schema";

/// One program's way to look for its items.
struct Need {
    /// Whose items these are.
    schema: &'static str,
    /// What it has searched by; an empty value stands for any.
    searched: (&'static str, &'static str),
    /// What it is told.
    told: &'static [&'static str],
}

const NEEDS: [Need; 3] = [
    // git-credential-libsecret.
    Need { schema: "org.gnome.keyring.NetworkPassword", searched: ("server", ""), told: &["user"] },
    // docker-credential-secretservice: its `get`, and its `list`, which is for nothing but these.
    Need { schema: "io.docker.Credentials", searched: ("server", ""), told: &["username"] },
    Need {
        schema: "io.docker.Credentials",
        searched: ("label", "Docker Credentials"),
        told: &["server", "username"],
    },
];

impl Need {
    /// Whether a search may be this program's.
    fn fits(&self, searched: &Attributes) -> bool {
        let (name, value) = self.searched;
        searched.get(name).is_some_and(|given| value.is_empty() || given == value)
            && searched.get(SCHEMA).is_none_or(|schema| schema == self.schema)
    }

    /// What it is told of an item with these attributes.
    fn of(&self, attributes: &HashMap<String, String>) -> HashMap<String, String> {
        if attributes.get(SCHEMA).is_none_or(|schema| schema != self.schema) {
            return HashMap::new();
        }
        let told = |name: &&str| Some(((*name).to_owned(), attributes.get(*name)?.clone()));
        self.told.iter().filter_map(told).collect()
    }
}

/// Adds the accounts' names to what a search has found, where its searcher needs them.
pub(crate) async fn add(backend: &Backend, found: &mut Found, searched: &Attributes) {
    let needs: Vec<&Need> = NEEDS.iter().filter(|need| need.fits(searched)).collect();
    if needs.is_empty() {
        return;
    }
    for item in found.unlocked.iter().chain(&found.locked).take(MAX_DESCRIBED) {
        // An item that cannot be looked at is found all the same.
        let Some(attributes) = attributes(backend, item).await else { continue };
        let told: HashMap<String, String> = needs.iter().flat_map(|need| need.of(&attributes)).collect();
        if let (false, Ok(attributes)) = (told.is_empty(), Attributes::new(told)) {
            found.accounts.push(Account { item: item.clone(), attributes });
        }
    }
}

async fn attributes(backend: &Backend, item: &ItemPath) -> Option<HashMap<String, String>> {
    let mut all = backend.properties(item.as_str(), "org.freedesktop.Secret.Item").await.ok()?;
    // A locked item may have hashes for attributes.
    if take(&mut all, "Locked").ok()? { None } else { take(&mut all, "Attributes").ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(attributes: &[(&str, &str)]) -> HashMap<String, String> {
        attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn told(searched: &[(&str, &str)], item: &[(&str, &str)]) -> HashMap<String, String> {
        let searched = Attributes::new(map(searched)).unwrap();
        let needs = NEEDS.iter().filter(|need| need.fits(&searched));
        needs.flat_map(|need| need.of(&map(item))).collect()
    }

    const GIT: &[(&str, &str)] = &[
        (SCHEMA, "org.gnome.keyring.NetworkPassword"),
        ("protocol", "https"),
        ("server", "example.org"),
        ("user", "ada"),
        ("object", "a/path"),
    ];
    const DOCKER: &[(&str, &str)] = &[
        (SCHEMA, "io.docker.Credentials"),
        ("server", "hub.example.org"),
        ("username", "ada"),
        ("label", "Docker Credentials"),
    ];

    #[test]
    fn whoever_names_the_server_is_told_the_account_and_nothing_else() {
        assert_eq!(told(&[("server", "example.org"), ("protocol", "https")], GIT), map(&[("user", "ada")]));
        assert_eq!(told(&[("server", "hub.example.org")], DOCKER), map(&[("username", "ada")]));
        let both = map(&[("server", "hub.example.org"), ("username", "ada")]);
        assert_eq!(told(&[("label", "Docker Credentials")], DOCKER), both);
    }

    #[test]
    fn nobody_is_told_an_account_who_names_no_server_or_of_another_programs_item() {
        assert_eq!(told(&[("protocol", "https")], GIT), map(&[]));
        assert_eq!(told(&[(SCHEMA, "org.gnome.keyring.NetworkPassword")], GIT), map(&[]));
        assert_eq!(told(&[("label", "something else")], DOCKER), map(&[]));
        let other =
            &[(SCHEMA, "org.example"), ("server", "example.org"), ("user", "ada"), ("username", "ada")];
        assert_eq!(told(&[("server", "example.org")], other), map(&[]));
        assert_eq!(told(&[("server", "example.org"), (SCHEMA, "org.example")], GIT), map(&[]));
        assert_eq!(
            told(&[("server", "example.org")], &[("server", "example.org"), ("user", "ada")]),
            map(&[])
        );
    }
}
