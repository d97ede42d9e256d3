//! Where this user's approval screen is: which virtual terminal was chosen when the user was set up.

use std::sync::OnceLock;

use sd_sys::trusted::read_trusted;

use crate::parties;

/// The usual one.
const USUAL: u64 = 8;
/// The kernel's last one.
const LAST: u64 = 63;
/// The longest record of provisioning that is read for it, in bytes.
const LONGEST: usize = 64 * 1024;

/// The names of one terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names {
    number: u16,
    name: String,
    key: String,
}

static HERE: OnceLock<Names> = OnceLock::new();

/// The number of the virtual terminal: what `provision.json` beside the parties says, else 8.
#[must_use]
pub fn number() -> u16 {
    here().number
}

/// What it is called: `VT8`.
#[must_use]
pub fn name() -> &'static str {
    &here().name
}

/// The keys that lead there: `Ctrl+Alt+F8`.
#[must_use]
pub fn key() -> &'static str {
    &here().key
}

fn here() -> &'static Names {
    HERE.get_or_init(|| names(recorded().unwrap_or(USUAL)))
}

fn names(number: u64) -> Names {
    Names {
        number: u16::try_from(number).unwrap_or_default(),
        name: format!("VT{number}"),
        // Keyboards have no more than twelve of these; Alt with an arrow goes on from one terminal to the next.
        key: if number <= 12 {
            format!("Ctrl+Alt+F{number}")
        } else {
            format!("Alt+Right from VT12 to VT{number}")
        },
    }
}

/// What root has written down, if it has.
fn recorded() -> Option<u64> {
    let record = parties::place().ok()?.with_file_name("provision.json");
    of(&read_trusted(&record, LONGEST).ok()?)
}

fn of(record: &[u8]) -> Option<u64> {
    let record: serde_json::Value = serde_json::from_slice(record).ok()?;
    record.pointer("/choice/vt")?.as_u64().filter(|number| (1..=LAST).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_is_the_one_that_was_chosen_and_nothing_else_is_believed() {
        assert_eq!(of(br#"{"v":1,"choice":{"vt":9,"backend":"store"}}"#), Some(9));
        for none in
            ["", "{}", r#"{"choice":{"vt":64}}"#, r#"{"choice":{"vt":"9"}}"#, r#"{"choice":{"vt":0}}"#]
        {
            assert_eq!(of(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn a_terminal_has_a_name_and_a_key() {
        let names = names(9);
        assert_eq!((names.number, names.name.as_str(), names.key.as_str()), (9, "VT9", "Ctrl+Alt+F9"));
    }
}
