//! What a requester says about itself, as the gate's interface spells it (`a{sv}`; policy/ has the keys).

use std::collections::HashMap;

use sd_wire::claims::Claims;
use zbus::zvariant::Value;

/// Key to value, as in the comment of the interface's XML.
pub(crate) type Dictionary<'a> = HashMap<&'static str, Value<'a>>;

/// The claims as a dictionary; what is not claimed has no key.
pub(crate) fn dictionary(claims: &Claims) -> Dictionary<'_> {
    let mut dictionary = Dictionary::new();
    if let Some(app) = &claims.app {
        dictionary.insert("app-pid", app.pid.into());
        dictionary.insert("app-start", app.start.into());
        if let Some(exe) = &app.exe {
            dictionary.insert("app-exe", exe.as_str().into());
        }
    }
    if let Some(says) = &claims.says {
        dictionary.insert("says", says.as_str().into());
    }
    if let Some(repository) = &claims.repository {
        dictionary.insert("repository", repository.as_str().into());
    }
    if let Some(branch) = &claims.branch {
        dictionary.insert("branch", branch.as_str().into());
    }
    if !claims.files.is_empty() {
        let files: Vec<(&str, &str)> =
            claims.files.iter().map(|file| (file.status.as_str(), file.path.as_str())).collect();
        dictionary.insert("files", files.into());
    }
    if claims.files_omitted > 0 {
        dictionary.insert("files-omitted", claims.files_omitted.into());
    }
    if let Some(why) = &claims.unproved {
        dictionary.insert("unproved", why.as_str().into());
    }
    dictionary
}

#[cfg(test)]
mod tests {
    use sd_wire::bounded::{List, Text};
    use sd_wire::claims::{App, ChangedFile};

    use super::*;

    #[test]
    fn every_claim_has_the_type_that_the_interface_names() {
        let claims = Claims {
            app: Some(App { pid: 7, start: 8, exe: Some(Text::clipped("/usr/bin/true")) }),
            says: Some(Text::clipped("bank")),
            repository: Some(Text::clipped("/src/thing")),
            branch: Some(Text::clipped("main")),
            files: List::new(vec![ChangedFile { status: Text::clipped("M"), path: Text::clipped("a") }])
                .unwrap(),
            files_omitted: 3,
            unproved: Some(Text::clipped("shallow")),
        };
        let dictionary = dictionary(&claims);
        let mut types: Vec<_> =
            dictionary.iter().map(|(key, value)| format!("{key} {}", value.value_signature())).collect();
        types.sort();
        let expected = [
            "app-exe s",
            "app-pid u",
            "app-start t",
            "branch s",
            "files a(ss)",
            "files-omitted u",
            "repository s",
            "says s",
            "unproved s",
        ];
        assert_eq!(types, expected);
    }

    #[test]
    fn what_is_not_claimed_is_not_sent() {
        assert!(dictionary(&Claims::default()).is_empty());
    }
}
