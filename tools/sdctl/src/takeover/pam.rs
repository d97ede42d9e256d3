//! The login: which lines of PAM start gnome-keyring and hand it the login password.
//!
//! A line is not taken out but replaced by one that does nothing: another line may say how many lines to skip
//! (`[success=ok default=1]`, pam.conf(5)), and would skip a line that it should not. Lines of the type `password` stay:
//! they keep the keyring's password that of the login, so that it opens again after a release.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::place::Place;
use super::state::State;
use super::step::Step;

/// The name of these steps.
pub(crate) const STEP: &str = "pam";
const MODULE: &str = "pam_gnome_keyring.so";
/// In front of a line that was replaced.
const MARK: &str = "#sdctl-takeover# ";
/// Of files that pam-auth-update writes; it leaves files alone that another has changed.
const GENERATED: &str = "pam-auth-update";

/// The files to be changed, and what is found that cannot be.
pub(crate) fn files(place: &Place) -> io::Result<(Vec<Step>, Vec<String>)> {
    let (mut steps, mut notes) = (Vec::new(), Vec::new());
    let folder = Path::new("/etc/pam.d");
    let mut names: Vec<PathBuf> = match fs::read_dir(place.real(folder)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        found => found?
            .map(|entry| entry.map(|entry| PathBuf::from(entry.file_name())))
            .collect::<Result<_, _>>()?,
    };
    names.sort();
    for name in names {
        let path = folder.join(&name);
        // What is left of an upgrade is nobody's configuration.
        if name.to_string_lossy().contains(['.', '~', '#']) {
            continue;
        }
        let shown = path.display();
        match State::at(&place.real(&path)) {
            Ok(State::File { text, mode, owner }) => match replaced(&text) {
                None => {}
                Some(_) if text.contains(GENERATED) => notes.push(format!(
                    "{shown} is left alone: run `pam-auth-update` and switch GNOME Keyring off there"
                )),
                Some(Err(line)) => {
                    notes.push(format!("{shown} is left alone: its line {line} goes on in the next"))
                }
                Some(Ok(text)) => {
                    let says = format!("keeps {MODULE} out of {shown}");
                    steps.push(Step::file(STEP, path, State::File { text, mode, owner }, says));
                }
            },
            Ok(State::Link { to }) => {
                let names_it =
                    fs::read_to_string(place.real(&path)).is_ok_and(|text| replaced(&text).is_some());
                if names_it {
                    notes.push(format!(
                        "{shown} is left alone, for it is a link to {}; where authselect made it, run \
                         `authselect disable-feature with-pam-gnome-keyring`",
                        to.display()
                    ));
                }
            }
            Ok(State::Absent {}) => {}
            Err(e) => notes.push(format!("{shown} is left alone: {e}")),
        }
    }
    notes.extend(of_vendors(place));
    Ok((steps, notes))
}

/// Files of a distribution that keeps its own elsewhere; one of the same name in /etc would count instead of it.
fn of_vendors(place: &Place) -> Vec<String> {
    let folder = Path::new("/usr/lib/pam.d");
    let Ok(found) = fs::read_dir(place.real(folder)) else { return Vec::new() };
    let mut names: Vec<_> = found.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    let counts = |name: &&std::ffi::OsString| !place.real(&Path::new("/etc/pam.d").join(name)).exists();
    let starts = |name: &&std::ffi::OsString| {
        fs::read_to_string(place.real(&folder.join(name))).is_ok_and(|text| replaced(&text).is_some())
    };
    let note = |name: &std::ffi::OsString| {
        let shown = folder.join(name);
        format!(
            "{} is left alone, for an upgrade would undo it: copy it to /etc/pam.d, and try again",
            shown.display()
        )
    };
    names.iter().filter(counts).filter(starts).map(note).collect()
}

/// The text with our lines in the place of the module's; nothing when it names none. Errors: the number of a line that
/// goes on in the next one.
fn replaced(text: &str) -> Option<Result<String, usize>> {
    let kinds: Vec<Option<&str>> = text.split_inclusive('\n').map(kind).collect();
    if kinds.iter().all(Option::is_none) {
        return None;
    }
    let mut new = String::with_capacity(text.len() + 128);
    let mut goes_on = false;
    for (number, (line, kind)) in text.split_inclusive('\n').zip(kinds).enumerate() {
        let ends_open = line.trim_end_matches(['\n', '\r']).ends_with('\\');
        match kind {
            Some(_) if goes_on || ends_open => return Some(Err(number + 1)),
            Some(kind) => {
                let end = if line.ends_with('\n') { "" } else { "\n" };
                new.push_str(&format!("{MARK}{line}{end}{kind}\t[default=ignore]\tpam_permit.so\n"));
            }
            None => new.push_str(line),
        }
        goes_on = ends_open;
    }
    Some(Ok(new))
}

/// The type of a line that names the module, less the types that may stay.
fn kind(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let kind = words.next()?.trim_start_matches('-');
    let names = words.any(|word| word.rsplit('/').next() == Some(MODULE));
    ["auth", "session"].into_iter().find(|known| kind.eq_ignore_ascii_case(known)).filter(|_| names)
}

/// The text with the module's lines again in the place of ours, whatever else has changed in it.
pub(crate) fn put_back(text: &str) -> String {
    let mut new = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        match line.strip_prefix(MARK) {
            Some(theirs) => {
                new.push_str(theirs);
                lines.next_if(|line| line.trim_end().ends_with("\t[default=ignore]\tpam_permit.so"));
            }
            None => new.push_str(line),
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_taken_out_so_that_who_skips_lines_skips_the_same() {
        let text = "auth [success=ok default=1] pam_gdm.so\n-auth\toptional  pam_gnome_keyring.so\nauth required pam_permit.so\n";
        let new = replaced(text).unwrap().unwrap();
        let rules = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(rules(&new), rules(text));
        assert!(!new.lines().any(|line| kind(line).is_some()), "{new}");
        assert_eq!(put_back(&new), text);
    }

    #[test]
    fn password_lines_and_comments_stay_and_nothing_is_changed_for_them() {
        assert_eq!(
            replaced("password optional pam_gnome_keyring.so\n#auth optional pam_gnome_keyring.so\n"),
            None
        );
    }

    #[test]
    fn a_line_that_goes_on_in_the_next_is_not_understood() {
        assert_eq!(
            replaced("auth optional \\\n pam_x.so\nauth optional pam_gnome_keyring.so \\\n a\n"),
            Some(Err(3))
        );
    }

    #[test]
    fn what_was_added_meanwhile_stays() {
        let new = replaced("session optional pam_gnome_keyring.so auto_start\n").unwrap().unwrap();
        let later = format!("auth required pam_new.so\n{new}");
        assert_eq!(
            put_back(&later),
            "auth required pam_new.so\nsession optional pam_gnome_keyring.so auto_start\n"
        );
    }
}
