//! sdctl — shows the desktop user what waits, takes back what is the user's own, and locks the store.
//!
//! Holds:  nothing that another process of the desktop user does not have.
//! Trusts: the gate's uid on the system bus for what waits; nobody for what a process calls itself.
//! Never:  approves, and could not: no method of the gate does; sees a secret of the store. `import` holds those of the
//!         keyring that it imports, in locked memory, of one ask at a time.
#![forbid(unsafe_code)]

mod ago;
mod change;
mod cli;
mod failure;
mod find;
mod import;
mod owner;
mod paper;
mod process;
mod show;
mod status;
mod table;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Wish};
use failure::Failure;
use paper::Paper;
use sd_client::Gate;
use sd_sys::exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(why) => {
            // What cannot be printed cannot be reported either; the status still says it.
            let _ = why.print();
            return if why.use_stderr() { exit::code(exit::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match smol::block_on(fulfil(cli.wish)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read has read enough.
        Err(Failure::Output(e)) if e.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sdctl: {failure}");
            failure.exit()
        }
    }
}

async fn fulfil(wish: Wish) -> Result<(), Failure> {
    match wish {
        Wish::Status(script) => status::status(&mut Paper::new(script.json)).await,
        Wish::List(script) => show::list(&Gate::connect().await?, &mut Paper::new(script.json)).await,
        Wish::Show { id, script } => {
            show::show(&Gate::connect().await?, &id, &mut Paper::new(script.json)).await
        }
        Wish::History(script) => show::history(&Gate::connect().await?, &mut Paper::new(script.json)).await,
        Wish::Cancel { id } => change::cancel(&Gate::connect().await?, &id, &mut Paper::new(false)).await,
        Wish::Lock => change::lock(&Gate::connect().await?, &mut Paper::new(false)).await,
        Wish::Import(options) => {
            let mut paper = Paper::new(options.json);
            import::import(options, &mut paper).await
        }
        Wish::Watch(script) => watch::watch(&mut Paper::new(script.json)).await,
        Wish::Completions { shell } => Ok(cli::completions(shell)?),
        Wish::Man { folder } => Ok(cli::man(&folder)?),
    }
}
