//! The claims of a caller: `a{sv}` from the bus, bounded and typed, or refused with the key's name.

use std::collections::HashMap;

use sd_wire::bounded::{List, Text};
use sd_wire::claims::{App, ChangedFile, Claims};
use zbus::zvariant::OwnedValue;

use crate::error::Refusal;

/// The claims as words of the wire.
///
/// # Errors
/// [`Refusal::BadArgument`] that names the key which is unknown, of another type, or over its bound.
pub(crate) fn read(untrusted: HashMap<String, OwnedValue>) -> Result<Claims, Refusal> {
    let mut claims = Claims::default();
    let (mut pid, mut start, mut exe) = (None, None, None);
    for (key, value) in untrusted {
        match key.as_str() {
            "app-pid" => pid = Some(number::<u32>(&key, value)?),
            "app-start" => start = Some(number::<u64>(&key, value)?),
            "app-exe" => exe = Some(text(&key, value)?),
            "says" => claims.says = Some(text(&key, value)?),
            "repository" => claims.repository = Some(text(&key, value)?),
            "branch" => claims.branch = Some(text(&key, value)?),
            "files" => claims.files = files(&key, value)?,
            "files-omitted" => claims.files_omitted = number::<u32>(&key, value)?,
            "unproved" => claims.unproved = Some(text(&key, value)?),
            _ => return Err(bad(&key, "is unknown")),
        }
    }
    claims.app = match (pid, start) {
        (Some(pid), Some(start)) => Some(App { pid, start, exe }),
        (None, None) if exe.is_none() => None,
        _ => return Err(bad("app-pid", "and app-start belong together")),
    };
    Ok(claims)
}

fn number<N: TryFrom<OwnedValue>>(key: &str, value: OwnedValue) -> Result<N, Refusal> {
    N::try_from(value).map_err(|_| bad(key, "is not a number of the documented type"))
}

fn text<const MAX: usize>(key: &str, value: OwnedValue) -> Result<Text<MAX>, Refusal> {
    let text = String::try_from(value).map_err(|_| bad(key, "is not text"))?;
    Text::new(text).map_err(|e| bad(key, &format!("is too long: {e}")))
}

fn files<const MAX: usize>(key: &str, value: OwnedValue) -> Result<List<ChangedFile, MAX>, Refusal> {
    let pairs = Vec::<(String, String)>::try_from(value).map_err(|_| bad(key, "is not of type a(ss)"))?;
    let changed: Result<Vec<_>, Refusal> = pairs
        .into_iter()
        .map(|(status, path)| {
            Ok(ChangedFile {
                status: Text::new(status).map_err(|e| bad(key, &format!("has a bad status: {e}")))?,
                path: Text::new(path).map_err(|e| bad(key, &format!("has a bad path: {e}")))?,
            })
        })
        .collect();
    List::new(changed?).map_err(|e| bad(key, &format!("is too long: {e}")))
}

fn bad(key: &str, what: &str) -> Refusal {
    let key = sd_wire::printable::Printable::clipped(key, 64);
    Refusal::BadArgument(format!("claim {key} {what}; see the interface's description"))
}

#[cfg(test)]
mod tests {
    use zbus::zvariant::Value;

    use super::*;

    fn claim(key: &str, value: Value<'_>) -> Result<Claims, Refusal> {
        read(HashMap::from([(key.to_owned(), value.try_to_owned().unwrap())]))
    }

    #[test]
    fn an_unknown_claim_is_refused_by_its_name() {
        let error = claim("colour", Value::from("red")).unwrap_err().to_string();
        assert!(error.contains("colour"), "{error}");
    }

    #[test]
    fn a_claim_of_another_type_is_refused_by_its_name() {
        let error = claim("says", Value::from(7_u32)).unwrap_err().to_string();
        assert!(error.contains("says"), "{error}");
    }

    #[test]
    fn a_claim_over_its_bound_is_refused() {
        let error = claim("branch", Value::from("b".repeat(300))).unwrap_err().to_string();
        assert!(error.contains("branch") && error.contains("256"), "{error}");
    }

    #[test]
    fn half_an_app_is_no_app() {
        assert!(claim("app-pid", Value::from(7_u32)).is_err());
        assert!(claim("app-exe", Value::from("/bin/true")).is_err());
    }

    #[test]
    fn changed_files_arrive_in_order() {
        let files = vec![("A", "new"), ("D", "old")];
        let claims = claim("files", Value::from(files)).unwrap();
        let paths: Vec<_> = claims.files.iter().map(|f| f.path.as_str().to_owned()).collect();
        assert_eq!(paths, ["new", "old"]);
    }
}
