//! The command lines of the tools that have no command to print their own page: the very files that the tools read
//! their arguments with, so that a page cannot say something else. Such a `cli.rs` names nothing of its own tool.

use clap::{Command, CommandFactory};

#[allow(dead_code)]
#[path = "../../tools/sd-agent/src/cli.rs"]
mod sd_agent;
#[allow(dead_code)]
#[path = "../../tools/sd-audit/src/cli.rs"]
mod sd_audit;
#[allow(dead_code)]
#[path = "../../tools/sd-decide/src/cli.rs"]
mod sd_decide;
#[allow(dead_code)]
#[path = "../../tools/sd-fetch/src/cli.rs"]
mod sd_fetch;
#[allow(dead_code)]
#[path = "../../tools/sd-gate/src/cli.rs"]
mod sd_gate;
#[allow(dead_code)]
#[path = "../../tools/sd-gpg/src/setup/cli.rs"]
mod sd_gpg_setup;
#[allow(dead_code)]
#[path = "../../tools/sd-pinentry/src/cli.rs"]
mod sd_pinentry;
#[allow(dead_code)]
#[path = "../../tools/sd-session/src/cli.rs"]
mod sd_session;
#[allow(dead_code)]
#[path = "../../tools/sd-sign/src/cli.rs"]
mod sd_sign;
#[allow(dead_code)]
#[path = "../../tools/sd-store/src/cli.rs"]
mod sd_store;

/// A tool's command line, the section of its page, and what the page says besides.
pub(crate) struct Tool {
    pub(crate) command: Command,
    pub(crate) section: &'static str,
    pub(crate) more: &'static str,
}

/// Each of them.
pub(crate) fn all() -> Vec<Tool> {
    let tool = |command: Command, section, more| Tool { command, section, more };
    vec![
        tool(sd_agent::Cli::command().name("sd-agent"), "8", include_str!("../sd-agent.8.md")),
        tool(sd_audit(), "8", include_str!("../sd-audit.8.md")),
        tool(sd_decide::Options::command().name("sd-decide"), "8", include_str!("../sd-decide.8.md")),
        tool(sd_fetch::Cli::command().name("sd-fetch"), "8", include_str!("../sd-fetch.8.md")),
        tool(sd_gate::Cli::command().name("sd-gate"), "8", include_str!("../sd-gate.8.md")),
        tool(sd_pinentry::Cli::command().name("sd-pinentry"), "8", include_str!("../sd-pinentry.8.md")),
        tool(sd_session::Cli::command().name("sd-session"), "8", include_str!("../sd-session.8.md")),
        tool(sd_sign::Cli::command().name("sd-sign"), "8", include_str!("../sd-sign.8.md")),
        tool(sd_store::Cli::command().name("sd-store"), "8", include_str!("../sd-store.8.md")),
        tool(
            sd_gpg_setup::Cli::command().name("sd-gpg-setup").bin_name("sd-gpg setup"),
            "1",
            include_str!("../sd-gpg-setup.1.md"),
        ),
    ]
}

/// What a person calls, too: it is on the PATH, and its commands are completed.
pub(crate) fn sd_audit() -> Command {
    sd_audit::Cli::command()
}

/// What a shell completes behind `sd-gpg`: all else are gpg's own arguments.
pub(crate) fn sd_gpg() -> Command {
    Command::new("sd-gpg")
        .disable_help_subcommand(true)
        .subcommand(sd_gpg_setup::Cli::command().name("setup"))
}
