//! What is told of each step, and what to do at the end.

use std::io::Write;
use std::path::Path;

use crate::failure::Failure;
use crate::setup::audit;
use crate::setup::site::Site;
use crate::setup::store::store_of;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It is done.
    Done,
    /// It was so already.
    Already,
    /// It would be done.
    Would,
    /// It was taken away.
    Removed,
    /// It cannot be so here, or need not; why.
    Skipped(String),
    /// It is for a person to do; by which command.
    Left(String),
}

/// One line.
pub(crate) fn say(name: &str, ended: &Ended, what: &str) -> Result<(), Failure> {
    let (word, why) = match ended {
        Ended::Done => ("done", None),
        Ended::Already => ("already", None),
        Ended::Would => ("would", None),
        Ended::Removed => ("removed", None),
        Ended::Skipped(why) => ("skipped", Some(why)),
        Ended::Left(why) => ("left", Some(why)),
    };
    let mut out = std::io::stdout().lock();
    match why {
        None => writeln!(out, "{word:8} {name:13} {what}")?,
        Some(why) => writeln!(out, "{word:8} {name:13} {what} ({why})")?,
    }
    Ok(())
}

/// What a person does next.
pub(crate) fn next(site: &Site) -> Result<(), Failure> {
    let (user, vt) = (site.user(), site.choice.vt);
    let mut steps = Vec::new();
    if store_of(Path::new("/"), site.choice.backend).is_some() {
        steps.push(format!(
            "Begin the store: sudo sd-provision key --user {user} store\n     It asks for a new passphrase; later only the approval screen does."
        ));
    }
    steps.push(format!(
        "The key that signs: sudo sd-provision key --user {user} import FILE, or generate; then\n     \
         sudo sd-provision key --user {user} publish-to-desktop --trust"
    ));
    steps.push(format!(
        "As {user}: log out and in again. The approval screen is on Ctrl+Alt+F{vt}; remember the phrase that it shows."
    ));
    steps.push(format!("As {user}: sd-gpg setup --key FPR, so that git signs by it; sdctl import, for what gnome-keyring holds."));
    steps.push(format!("sudo sd-provision --user {user} --check says what is missing."));
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nWhat to do next (docs/install.md says more):")?;
    for (n, step) in (1_u8..).zip(steps) {
        writeln!(out, "  {n}. {step}")?;
    }
    Ok(())
}

/// Where what was kept lies.
pub(crate) fn kept(site: &Site) -> Result<(), Failure> {
    let record = audit::folder(site);
    let record =
        if record.is_dir() { format!(", and the audit record: {}", record.display()) } else { String::new() };
    let text = format!(
        "\nKept, for root only: {}{record}. `{}` takes it up again.\n",
        site.kept().display(),
        site.command()
    );
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

/// That there is nothing to be taken away.
pub(crate) fn nothing(user: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout().lock(), "{user} is not set up: there is nothing to take away")?)
}
