//! The commands of the command line.

use sd_wire::id::AskId;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Show the last so many decisions.
    History(usize),
    /// Show one ask, pending or decided.
    Show(AskId),
    /// Show what is pending.
    Pending,
    /// Show the grants and the mutes in force.
    Grants,
    /// End a grant or a mute.
    Revoke(u64),
    /// Show the rules.
    Rules,
    /// Lock, now.
    Lock,
    /// Unlock.
    Unlock,
    /// Deny everything, until it is lifted.
    DenyAll,
    /// Let asks in again.
    Lift,
    /// Show what runs and what is locked.
    Status,
    /// Show the commands.
    Help(String),
}

impl Command {
    /// Reads a command; none from an empty line.
    ///
    /// # Errors
    /// What is wrong with it, as text of several lines.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let mut words = text.split_whitespace();
        let (Some(name), argument) = (words.next(), words.next()) else { return Ok(None) };
        Ok(Some(match (name, argument) {
            ("history", None) => Self::History(20),
            ("history", Some(n)) => Self::History(n.parse().map_err(|_| format!("{n} is no number"))?),
            ("show", Some(id)) => Self::Show(AskId::parse(id).map_err(|why| why.to_string())?),
            ("pending", None) => Self::Pending,
            ("grants", None) => Self::Grants,
            ("revoke", Some(n)) => Self::Revoke(n.parse().map_err(|_| format!("{n} is no number"))?),
            ("rules", None) => Self::Rules,
            ("lock", None) => Self::Lock,
            ("unlock", None) => Self::Unlock,
            ("deny-all", None) => Self::DenyAll,
            ("lift", None) => Self::Lift,
            ("status", None) => Self::Status,
            ("help", None) => Self::Help(String::new()),
            _ => return Err(format!("there is no such command: {text}")),
        }))
    }
}
