//! The commands of the command line, and what to say about a line that is none.
//!
//! Nothing that a person typed is said again, for a passphrase may have been typed there by accident.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ColorChoice, CommandFactory, Parser};

/// A command.
// The width is fixed: clap would ask the terminal otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(
    name = "commands",
    no_binary_name = true,
    infer_subcommands = true,
    disable_help_flag = true,
    disable_help_subcommand = true,
    color = ColorChoice::Never,
    term_width = 76,
    help_template = "{subcommands}{after-help}",
    after_help = "A beginning is enough where no other command begins so. `help show` says more about `show`."
)]
pub(super) enum Command {
    /// Shows the last decisions
    History {
        /// How many of them, from 1 to 500
        #[arg(value_name = "N", default_value_t = 20, allow_negative_numbers = true,
              value_parser = clap::value_parser!(u16).range(1..=500))]
        count: u16,
    },
    /// Shows one ask, pending or decided
    Show {
        /// The beginning of its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Shows what is pending
    Pending,
    /// Shows the grants and the mutes in force
    Grants,
    /// Ends a grant or a mute
    Revoke {
        /// Its number, as `grants` shows it, or `all`
        #[arg(value_name = "N", allow_negative_numbers = true)]
        which: Which,
    },
    /// Shows the rules
    Rules,
    /// Locks the key and the store, cancels what is pending, ends the grants
    Lock,
    /// Unlocks the key and the store
    Unlock,
    /// Denies everything that is pending and everything that comes, until `lift`
    DenyAll,
    /// Lets asks in again after `deny-all`
    Lift,
    /// Shows what runs and what is locked
    Status,
    /// Shows the commands, or says more about one
    Help {
        /// Which one
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
}

/// Which grant or mute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// The one of this number.
    Number(u64),
    /// All of them.
    All,
}

impl std::str::FromStr for Which {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::Number) }
    }
}

impl Command {
    /// Reads a command; none from an empty line.
    ///
    /// # Errors
    /// What is wrong with it and what to do, as text of several lines.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let mut words = text.split_whitespace().peekable();
        let Some(first) = words.peek().copied() else { return Ok(None) };
        Self::try_parse_from(words).map(Some).map_err(|error| complaint(first, &error))
    }
}

/// The names of the commands.
pub(super) fn names() -> Vec<String> {
    Command::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// The name of the command that a word means: its name, or the beginning of no other name.
pub(super) fn name(word: &str) -> Option<String> {
    let mut fitting = names();
    fitting.retain(|name| name.starts_with(word));
    match fitting.iter().position(|name| name == word) {
        Some(at) => fitting.into_iter().nth(at),
        None if fitting.len() == 1 => fitting.pop(),
        None => None,
    }
}

/// What all the commands do; or, by its whole name or a beginning, what one does.
///
/// # Errors
/// That there is no such command.
pub(super) fn help(word: Option<&str>) -> Result<String, String> {
    match word {
        None => Ok(plain(&Command::command().render_help().to_string())),
        Some(word) => name(word).and_then(|name| page(&name)).ok_or_else(|| no_such(word, None)),
    }
}

/// What one command does.
fn page(name: &str) -> Option<String> {
    let command = Command::command().find_subcommand(name)?.clone();
    let mut command = command
        .bin_name(name)
        .disable_help_flag(true)
        .color(ColorChoice::Never)
        .term_width(76)
        .help_template("{usage}\n\n{about}\n\n{positionals}");
    Some(plain(&command.render_help().to_string()))
}

/// What is wrong with a line that begins with this word.
fn complaint(first: &str, error: &clap::Error) -> String {
    let Some((name, page)) = name(first).and_then(|name| page(&name).map(|page| (name, page))) else {
        let suggested = match error.get(ContextKind::SuggestedSubcommand) {
            Some(ContextValue::Strings(names)) => names.first().map(String::as_str),
            Some(ContextValue::String(name)) => Some(name.as_str()),
            _ => None,
        };
        return no_such(first, suggested);
    };
    let wrong = match error.kind() {
        ErrorKind::MissingRequiredArgument => "wants more than that",
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => "does not take that",
        _ => "takes no more than this",
    };
    format!("`{name}` {wrong}:\n\n{page}")
}

/// That there is no such command, and which ones were perhaps meant.
fn no_such(word: &str, suggested: Option<&str>) -> String {
    let mut begin = names();
    begin.retain(|name| name.starts_with(word));
    match (begin.is_empty(), suggested) {
        (false, _) => {
            format!("Several commands begin so: {}. Type more of the one that you mean.", begin.join(", "))
        }
        (true, Some(name)) => {
            format!("There is no such command. Perhaps you mean `{name}`; `help` shows them all.")
        }
        (true, None) => "There is no such command. `help` shows them all.".to_owned(),
    }
}

/// Without the spaces at the ends of lines and the empty lines at the end.
fn plain(text: &str) -> String {
    text.trim_matches('\n').lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_well_made() {
        Command::command().debug_assert();
        assert!(names().iter().all(|one| name(one).as_ref() == Some(one)), "no name hides another");
    }
}
