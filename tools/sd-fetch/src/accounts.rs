//! The names of accounts: what two programs need to be told of an item before a person has approved it.
//!
//! git and docker search by the server, have the item unlocked, and take the account's name from its attributes. But
//! libsecret has read those before it asks for the prompt, and hears of what a person approved only in a main loop, which
//! a program that wants one password never runs (libsecret 0.20.5, tried: `secret_service_search_sync`). So whoever names
//! the server of such an item, or docker's mark, is told its account's name with the search; nothing else of it, nothing of
//! other items, and nothing where the setting is `hidden`, since there a person sees each search first.

use std::collections::HashMap;

use sd_wire::bounded::{Attributes, Text};
use sd_wire::outcome::{Account, Found, MAX_DESCRIBED};
use sd_wire::path::ItemPath;

use crate::backend::{Backend, take};

const SCHEMA: &str = "xdg:schema";

/// One program's way to look for its items.
struct Need {
    /// Whose items these are. It has searched by that too, but for docker's `list`.
    schema: &'static str,
    /// What else it has searched by.
    searched: Searched,
    /// Of which attributes it is told.
    told: &'static [&'static str],
}

enum Searched {
    Server,
    Label(&'static str),
}

/// An item, as far as it is looked at here.
struct Item {
    label: String,
    attributes: HashMap<String, String>,
}

const NEEDS: [Need; 3] = [
    // git-credential-libsecret.
    Need { schema: "org.gnome.keyring.NetworkPassword", searched: Searched::Server, told: &["user"] },
    // docker-credential-secretservice: its `get`, and its `list`, which takes the server from the label.
    Need { schema: "io.docker.Credentials", searched: Searched::Server, told: &["username"] },
    Need {
        schema: "io.docker.Credentials",
        searched: Searched::Label("Docker Credentials"),
        told: &["server", "username"],
    },
];

impl Need {
    /// Whether a search may be this program's.
    fn fits(&self, searched: &Attributes) -> bool {
        match self.searched {
            Searched::Server => {
                searched.get("server").is_some() && searched.get(SCHEMA).is_some_and(|is| is == self.schema)
            }
            Searched::Label(label) => searched.get("label").is_some_and(|is| is == label),
        }
    }

    /// What it is told of an item: some attributes, and the label if that says no more than those.
    fn of(&self, item: &Item) -> Option<(String, HashMap<String, String>)> {
        if item.attributes.get(SCHEMA).is_none_or(|schema| schema != self.schema) {
            return None;
        }
        let told = |name: &&str| Some(((*name).to_owned(), item.attributes.get(*name)?.clone()));
        let told: HashMap<String, String> = self.told.iter().filter_map(told).collect();
        let label = told.get("server").is_some_and(|server| *server == item.label);
        Some((if label { item.label.clone() } else { String::new() }, told))
    }
}

/// Adds the accounts' names to what a search has found, where its searcher needs them.
pub(crate) async fn add(backend: &Backend, found: &mut Found, searched: &Attributes) {
    let Some(need) = NEEDS.iter().find(|need| need.fits(searched)) else { return };
    for path in found.unlocked.iter().chain(&found.locked).take(MAX_DESCRIBED) {
        // An item that cannot be looked at is found all the same.
        let item = look(backend, path).await;
        let Some((label, told)) = item.and_then(|item| need.of(&item)) else { continue };
        if let (Ok(label), Ok(attributes)) = (Text::new(label), Attributes::new(told)) {
            found.accounts.push(Account { item: path.clone(), label, attributes });
        }
    }
}

async fn look(backend: &Backend, item: &ItemPath) -> Option<Item> {
    let mut all = backend.properties(item.as_str(), "org.freedesktop.Secret.Item").await.ok()?;
    // A locked item may have hashes for attributes.
    if take(&mut all, "Locked").ok()? {
        return None;
    }
    Some(Item { label: take(&mut all, "Label").ok()?, attributes: take(&mut all, "Attributes").ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(attributes: &[(&str, &str)]) -> HashMap<String, String> {
        attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// What a search by these is told of an item with that label and these attributes.
    fn told(
        searched: &[(&str, &str)],
        label: &str,
        item: &[(&str, &str)],
    ) -> Option<(String, HashMap<String, String>)> {
        let searched = Attributes::new(map(searched)).unwrap();
        let need = NEEDS.iter().find(|need| need.fits(&searched))?;
        need.of(&Item { label: label.to_owned(), attributes: map(item) })
    }

    fn just(attributes: &[(&str, &str)]) -> Option<(String, HashMap<String, String>)> {
        Some((String::new(), map(attributes)))
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
        let git = [("server", "example.org"), GIT[0]];
        assert_eq!(told(&git, "Git: https://example.org/a/path", GIT), just(&[("user", "ada")]));
        let docker = [("server", "hub.example.org"), DOCKER[0]];
        assert_eq!(told(&docker, "hub.example.org", DOCKER), just(&[("username", "ada")]));
    }

    #[test]
    fn dockers_list_is_told_servers_and_accounts_and_a_label_that_says_no_more() {
        let list = [("label", "Docker Credentials")];
        let both = [("server", "hub.example.org"), ("username", "ada")];
        assert_eq!(told(&list, "hub.example.org", DOCKER), Some(("hub.example.org".to_owned(), map(&both))));
        assert_eq!(told(&list, "mine, by Grace", DOCKER), just(&both));
    }

    #[test]
    fn nobody_is_told_an_account_who_names_no_server_or_of_another_programs_item() {
        assert_eq!(told(&[("protocol", "https"), GIT[0]], "", GIT), None);
        assert_eq!(told(&[GIT[0]], "", GIT), None);
        assert_eq!(told(&[("server", "example.org")], "", GIT), None, "by no schema: it may be anybody");
        assert_eq!(told(&[("label", "something else")], "", DOCKER), None);
        let other =
            [(SCHEMA, "org.example"), ("server", "example.org"), ("user", "ada"), ("username", "ada")];
        assert_eq!(told(&[("server", "example.org"), GIT[0]], "", &other), None);
        assert_eq!(told(&[("server", "example.org"), other[0]], "", &other), None);
    }
}
