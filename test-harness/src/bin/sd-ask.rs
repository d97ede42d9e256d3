//! sd-ask — asks the gate for one thing, as any program of the desktop could, and prints how it ended.
//!
//! For trying the chain by hand and for the tests of what a requester can say. Exit status 0: granted; 1: not.
#![forbid(unsafe_code)]

use std::io::{Read, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sd_client::{Failure, Gate};
use sd_sys::payload::Payload;
use sd_sys::secret::Secret;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::claims::{App, Claims};
use sd_wire::id::AskId;
use sd_wire::path::{CollectionPath, ItemPath};

/// Asks sd-gate for one thing, and prints how it ended.
#[derive(Debug, Parser)]
#[command(name = "sd-ask", version)]
struct Cli {
    /// What to claim about the request; the screen shows it as a claim.
    #[arg(long, global = true, value_name = "TEXT")]
    says: Option<String>,
    /// The application to claim, as PID:START (clock ticks since boot).
    #[arg(long, global = true, value_name = "PID:START")]
    app: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The secret of an item, to standard output.
    Read { item: String },
    /// That reads of these items need no further keypress; then reads each of them.
    Access { items: Vec<String> },
    /// The items with these attributes (NAME=VALUE).
    Search { attributes: Vec<String> },
    /// The collections.
    Collections,
    /// Print the path and the label of every item in a collection, or in all.
    List { collection: Option<String> },
    /// Stores standard input.
    Store {
        label: String,
        attributes: Vec<String>,
        #[arg(long, default_value = "/org/freedesktop/secrets/aliases/default")]
        collection: String,
        #[arg(long)]
        replace: bool,
    },
    /// Deletes an item.
    Delete { item: String },
    /// A signature of standard input, to standard output.
    Sign {
        key: Option<String>,
        /// A file to send as what proves a commit's files.
        #[arg(long)]
        objects: Option<std::path::PathBuf>,
    },
    /// That the store be locked.
    Lock,
    /// That the store be unlocked.
    Unlock,
    /// Takes a request back.
    Cancel { id: String },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match smol::block_on(ask(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("sd-ask: {e}");
            ExitCode::FAILURE
        }
    }
}

type Ended = Result<(), Box<dyn std::error::Error>>;

async fn ask(cli: &Cli) -> Ended {
    let gate = Gate::connect().await.map_err(said)?;
    let claims = claims(cli)?;
    match &cli.what {
        What::Read { item } => show(&gate.read(&ItemPath::parse(item)?, &claims).await.map_err(said)?.0),
        What::Access { items } => {
            let items = items.iter().map(|i| ItemPath::parse(i)).collect::<Result<Vec<_>, _>>()?;
            let (time, _) = gate.access(&items, &claims).await.map_err(said)?;
            eprintln!("sd-ask: approved for {} s", time.as_secs());
            for item in &items {
                show(&gate.read(item, &claims).await.map_err(said)?.0)?;
            }
            Ok(())
        }
        What::Search { attributes: wanted } => {
            let found = gate.search(None, &attributes(wanted)?, &claims).await.map_err(said)?;
            for path in found.unlocked.iter().chain(&found.locked) {
                println!("{path}");
            }
            Ok(())
        }
        What::Collections => {
            for collection in gate.collections(&claims).await.map_err(said)?.collections {
                println!("{} {:?} locked={}", collection.path, collection.label, collection.locked);
            }
            Ok(())
        }
        What::List { collection } => {
            let within = collection.as_deref().map(CollectionPath::parse).transpose()?;
            for item in gate.list(within.as_ref(), &claims).await.map_err(said)?.items {
                println!("{} {:?}", item.item, item.label.as_str());
            }
            Ok(())
        }
        What::Store { label, attributes: named, collection, replace } => {
            let mut secret = Secret::with_capacity(64 * 1024)?;
            secret.copy_from(&mut input()?)?;
            let into = CollectionPath::parse(collection)?;
            let named = attributes(named)?;
            let stored = gate
                .store(&into, label, &named, &secret, "text/plain", *replace, &claims)
                .await
                .map_err(said)?;
            println!("{stored}");
            Ok(())
        }
        What::Delete { item } => Ok(gate.delete(&ItemPath::parse(item)?, &claims).await.map_err(said)?),
        What::Sign { key, objects } => {
            let payload = Payload::seal(&input()?)?;
            let objects = objects.as_ref().map(|file| Payload::seal(&std::fs::read(file)?)).transpose()?;
            let key = key.as_deref().unwrap_or_default();
            let signature = gate.sign(&payload, objects.as_ref(), key, &claims).await.map_err(said)?;
            eprintln!("{}", signature.status);
            Ok(std::io::stdout().write_all(&signature.bytes)?)
        }
        What::Lock => Ok(gate.lock(&claims).await.map_err(said)?),
        What::Unlock => Ok(gate.unlock(&claims).await.map_err(said)?),
        What::Cancel { id } => Ok(gate.cancel(&AskId::parse(id)?).await.map_err(said)?),
    }
}

fn said(e: Failure) -> String {
    e.to_string()
}

fn show(secret: &Secret) -> Ended {
    let mut out = std::io::stdout().lock();
    out.write_all(secret.expose())?;
    Ok(out.flush()?)
}

fn input() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().take(8 * 1024 * 1024).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn attributes(words: &[String]) -> Result<Attributes, Box<dyn std::error::Error>> {
    let pairs = words.iter().map(|w| w.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())));
    let pairs: Option<Vec<_>> = pairs.collect();
    Ok(Attributes::new(pairs.ok_or("an attribute is NAME=VALUE")?)?)
}

fn claims(cli: &Cli) -> Result<Claims, Box<dyn std::error::Error>> {
    let app = match cli.app.as_deref().map(|a| a.split_once(':').ok_or("--app is PID:START")).transpose()? {
        Some((pid, start)) => Some(App { pid: pid.parse()?, start: start.parse()?, exe: None }),
        None => None,
    };
    let says = cli.says.as_deref().map(Text::new).transpose()?;
    Ok(Claims { app, says, ..Claims::default() })
}
