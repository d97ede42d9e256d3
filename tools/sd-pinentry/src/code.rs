//! gpg's error numbers (libgpg-error, err-codes.h), as a pinentry says them.

use sd_passphrase::NoPassphrase;

/// `GPG_ERR_SOURCE_PINENTRY`, where an error number has its source.
const PINENTRY: u32 = 5 << 24;

/// What gpg-agent is told instead of `OK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// A person said no.
    Canceled,
    /// A person said nothing.
    Timeout,
    /// `sd-decide` asks nobody now.
    Forbidden,
    /// `sd-decide` cannot be asked.
    NoPinentry,
    /// This pinentry does not do that.
    NotSupported,
    /// The line is no command.
    UnknownCommand,
    /// The command does not take that.
    Parameter,
    /// The line is longer than Assuan allows.
    LineTooLong,
}

impl Code {
    /// The number on the line: source and code.
    pub(crate) fn number(self) -> u32 {
        PINENTRY
            | match self {
                Self::NotSupported => 60,
                Self::Timeout => 62,
                Self::NoPinentry => 85,
                Self::Canceled => 99,
                Self::Forbidden => 251,
                Self::LineTooLong => 263,
                Self::UnknownCommand => 275,
                Self::Parameter => 280,
            }
    }

    /// What follows the number, for gpg-agent's log.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Canceled => "dismissed on the approval screen",
            Self::Timeout => "nobody typed it on the approval screen in time",
            Self::Forbidden => "nothing that was approved needs a passphrase now",
            Self::NoPinentry => "the approval screen cannot be reached",
            Self::NotSupported => "sd-pinentry unlocks keys and does nothing else",
            Self::UnknownCommand => "unknown command",
            Self::Parameter => "wrong parameter",
            Self::LineTooLong => "line too long",
        }
    }
}

impl From<&NoPassphrase> for Code {
    fn from(why: &NoPassphrase) -> Self {
        match why {
            NoPassphrase::Dismissed | NoPassphrase::Withdrawn => Self::Canceled,
            NoPassphrase::Expired => Self::Timeout,
            NoPassphrase::NotNow => Self::Forbidden,
            NoPassphrase::Unavailable(_)
            | NoPassphrase::Lost
            | NoPassphrase::Silent
            | NoPassphrase::Forged(_)
            | NoPassphrase::Garbled(_) => Self::NoPinentry,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_that_gpg_reports() {
        // Seen in gpg's own status lines: FAILURE sign 83886179, and so on.
        assert_eq!(Code::Canceled.number(), 83_886_179);
        assert_eq!(Code::Timeout.number(), 83_886_142);
        assert_eq!(Code::NoPinentry.number(), 83_886_165);
    }
}
