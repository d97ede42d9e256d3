//! What is told of each step, and what to do at the end.

use std::io::Write;

use crate::failure::Failure;
use crate::setup::site::Site;

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
}

/// One line.
pub(crate) fn say(name: &str, ended: &Ended, what: &str) -> Result<(), Failure> {
    let (word, why) = match ended {
        Ended::Done => ("done", None),
        Ended::Already => ("already", None),
        Ended::Would => ("would", None),
        Ended::Removed => ("removed", None),
        Ended::Skipped(why) => ("skipped", Some(why)),
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
    let text = format!(
        "\n\
         What to do next (docs/install.md says more):\n\
         \x20 1. As {user}, log out and in again: the approval screen is on Ctrl+Alt+F{vt}. Look at the phrase that it shows.\n\
         \x20 2. The key that signs: sudo sd-provision key --user {user} import FILE, or generate; then\n\
         \x20    sudo sd-provision key --user {user} publish-to-desktop --trust\n\
         \x20 3. As {user}: sd-gpg setup --key FPR, so that git signs by it.\n\
         \x20 4. sudo sd-provision --user {user} --check says what is missing.\n"
    );
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

/// Where what was kept lies.
pub(crate) fn kept(site: &Site) -> Result<(), Failure> {
    let text = format!(
        "\nKept, for root only: {}. `{}` takes it up again.\n",
        site.kept().display(),
        site.command()
    );
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
