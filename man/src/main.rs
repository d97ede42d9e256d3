//! sd-pages — writes the manual pages, and the completions of what has no command to print its own.
//!
//! Holds:  nothing. It runs when a package is made, and is not shipped.
//! Trusts: the documents and command lines of this checkout, compiled in; the folder that it is given.
//! Never:  reads anything of the machine: the same checkout gives the same pages.
#![forbid(unsafe_code)]

mod inline;
mod interface;
mod markdown;
mod page;
mod tools;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;
use clap_complete::Shell;
use clap_mangen::Man;

/// Writes manual pages and completions into a folder that is laid out like /usr/share.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The folder.
    folder: PathBuf,
    /// Where sdctl and sd-provision were built, which write their own.
    #[arg(long, value_name = "DIR")]
    tools: PathBuf,
}

/// A page that is a document: name, section, what it is about, the text.
type Document = (&'static str, &'static str, &'static str, &'static str);

const DOCUMENTS: [Document; 6] = [
    (
        "secrets-dispatcher",
        "7",
        "what guards your secrets, and how",
        include_str!("../secrets-dispatcher.7.md"),
    ),
    ("secrets-dispatcher-rules", "5", "restricts what can be asked for", include_str!("../../docs/rules.md")),
    (
        "sd-wire",
        "7",
        "what the tools of Secrets Dispatcher say to each other",
        include_str!("../../docs/wire.md"),
    ),
    ("sd-gpg", "1", "git\\(aqs gpg.program: signs after a keypress on VT8", include_str!("../sd-gpg.1.md")),
    ("sd-bell", "8", "rings for systemd when a session opens or closes", include_str!("../sd-bell.8.md")),
    // Its text is the interface description.
    (
        "net.mowaka.SecretsDispatcher1",
        "5",
        "the D\\-Bus interface of Secrets Dispatcher",
        include_str!("../net.mowaka.SecretsDispatcher1.5.md"),
    ),
];

/// What is said beside the page that these write themselves.
const OWN: [(&str, &str, &str); 2] = [
    ("sdctl", "1", include_str!("../sdctl.1.md")),
    ("sd-provision", "8", include_str!("../sd-provision.8.md")),
];

const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions"),
    (Shell::Zsh, "zsh/vendor-completions"),
    (Shell::Fish, "fish/vendor_completions.d"),
];

fn main() -> ExitCode {
    let cli = Cli::parse();
    match write_all(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("sd-pages: {why}");
            ExitCode::FAILURE
        }
    }
}

fn write_all(cli: &Cli) -> io::Result<()> {
    for (name, section, text) in documents() {
        write(&cli.folder, name, section, &text)?;
    }
    for tool in tools::all() {
        described(&cli.folder, &tool)?;
    }
    for (tool, section, more) in OWN {
        own_pages(cli, tool, section, more)?;
    }
    completions(cli)
}

/// The documents as pages.
fn documents() -> Vec<(&'static str, &'static str, String)> {
    let interface = interface::markdown(include_str!("../../policy/net.mowaka.SecretsDispatcher1.xml"));
    DOCUMENTS
        .iter()
        .map(|(name, section, about, text)| {
            let text = text.replace("<!-- the interface description -->", &interface);
            (*name, *section, page::written(name, section, about, &text))
        })
        .collect()
}

/// The page of a command line that is compiled in, and those of its commands.
fn described(folder: &Path, tool: &tools::Tool) -> io::Result<()> {
    let mut command = tool.command.clone().disable_help_subcommand(true);
    command.build();
    let above = see_also(command.get_name(), tool.section);
    let below = command.get_subcommands().filter(|below| !below.is_hide_set()).cloned();
    let pages: Vec<_> = below.map(|below| (below, above.clone())).collect();
    for (command, more) in pages.into_iter().chain([(command, tool.more.to_owned())]) {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let mut clap = Vec::new();
        Man::new(command).render(&mut clap)?;
        write(
            folder,
            &name,
            tool.section,
            &page::of_command(&name, tool.section, &String::from_utf8_lossy(&clap), &more),
        )?;
    }
    Ok(())
}

/// What a page of a command says of the tool's.
fn see_also(tool: &str, section: &str) -> String {
    format!("## See also\n\n`{tool}`({section}), `secrets-dispatcher`(7)\n")
}

/// The pages that a tool writes, in our order.
fn own_pages(cli: &Cli, tool: &str, section: &str, more: &str) -> io::Result<()> {
    let raw = cli.folder.join(format!(".{tool}"));
    fs::create_dir_all(&raw)?;
    said_by(Command::new(cli.tools.join(tool)).arg("man").arg(&raw))?;
    for entry in fs::read_dir(&raw)? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let above = see_also(tool, section);
        let more = if name == tool { more } else { &above };
        write(
            &cli.folder,
            name,
            section,
            &page::of_command(name, section, &fs::read_to_string(&path)?, more),
        )?;
    }
    fs::remove_dir_all(raw)
}

fn completions(cli: &Cli) -> io::Result<()> {
    for (shell, place) in SHELLS {
        let folder = cli.folder.join(place);
        fs::create_dir_all(&folder)?;
        let file = |tool: &str| match shell {
            Shell::Zsh => folder.join(format!("_{tool}")),
            Shell::Fish => folder.join(format!("{tool}.fish")),
            _ => folder.join(tool),
        };
        for (tool, _, _) in OWN {
            let script =
                said_by(Command::new(cli.tools.join(tool)).arg("completions").arg(shell.to_string()))?;
            fs::write(file(tool), script)?;
        }
        for (name, mut command) in [("sd-gpg", tools::sd_gpg()), ("sd-audit", tools::sd_audit())] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, name, &mut script);
            fs::write(file(name), script)?;
        }
    }
    Ok(())
}

fn said_by(command: &mut Command) -> io::Result<Vec<u8>> {
    let output = command.output().map_err(|e| io::Error::other(format!("{command:?}: {e}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("{command:?} failed: {said}")));
    }
    Ok(output.stdout)
}

fn write(folder: &Path, name: &str, section: &str, text: &str) -> io::Result<()> {
    let folder = folder.join(format!("man/man{section}"));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{name}.{section}")), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_a_page() {
        let own = OWN.iter().map(|(name, _, _)| (*name).to_owned());
        let described = tools::all().into_iter().map(|tool| tool.command.get_name().to_owned());
        let written = DOCUMENTS.iter().map(|(name, ..)| (*name).to_owned());
        let pages: Vec<String> = own.chain(described).chain(written).collect();
        for entry in fs::read_dir("../tools").unwrap() {
            let tool = entry.unwrap().file_name().into_string().unwrap();
            assert!(pages.contains(&tool), "{tool} has none: see man/src/tools.rs");
        }
    }

    #[test]
    fn a_document_gets_through_whole() {
        for (name, _, text) in documents() {
            for word in ["```", "](", "|---", "**"] {
                assert!(!text.contains(word), "{name} has {word} left over");
            }
            let count = |order: &str| text.lines().filter(|line| *line == order).count();
            assert_eq!(count(".TS"), count(".TE"), "{name}");
            assert_eq!(count(".RS 4"), count(".RE"), "{name}");
        }
        let wire = documents().into_iter().find(|(name, ..)| *name == "sd-wire").unwrap().2;
        let source = include_str!("../../docs/wire.md");
        // Each example, whatever the page does to break it.
        let plain = |text: &str| {
            text.replace("\\:", "").replace("\\(dq", "\"").replace("\\-", "-").replace("\\e", "\\")
        };
        let page = plain(&wire);
        let examples: Vec<&str> = source.lines().filter(|line| line.trim().starts_with("{\"v\":1")).collect();
        assert!(examples.len() > 50, "{}", examples.len());
        for example in examples {
            assert!(page.contains(example.trim()), "{example}");
        }
    }

    #[test]
    fn of_a_command_the_exit_statuses_stand_one_below_the_other() {
        let tool = tools::all().into_iter().find(|tool| tool.command.get_name() == "sd-decide").unwrap();
        let mut clap = Vec::new();
        Man::new(tool.command).render(&mut clap).unwrap();
        let text = page::of_command("sd-decide", "8", &String::from_utf8(clap).unwrap(), tool.more);
        assert!(text.contains(".SH \"EXIT STATUS\"\n.TP\n.B 64\n"), "{text}");
        assert!(text.contains(".TH \"sd\\-decide\" 8 "), "{text}");
        assert!(text.contains(".SH \"SEE ALSO\"\n"), "{text}");
    }
}
