//! sd-keyring — a keyring to import from: gnome-keyring on a bus of its own, filled as told; and what is in a keyring.
//!
//! For trying `sdctl import` by hand and for its tests. It reads and writes secrets in the clear, so it is for made-up
//! ones only.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use clap::{Parser, Subcommand};
use zbus::Connection;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

const NAME: Option<&str> = Some("org.freedesktop.secrets");
const SERVICE: &str = "/org/freedesktop/secrets";
const DEFAULT: &str = "/org/freedesktop/secrets/aliases/default";
/// What gnome-keyring adds sooner or later, and what says nothing.
const NO_SCHEMA: (&str, &str) = ("xdg:schema", "org.freedesktop.Secret.Generic");

/// A keyring to import from, and what is in a keyring.
#[derive(Debug, Parser)]
#[command(name = "sd-keyring", version)]
struct Cli {
    #[command(subcommand)]
    wish: Wish,
}

#[derive(Debug, Subcommand)]
enum Wish {
    /// Starts one with so many items of all kinds, prints `address ADDRESS`, and stays until it is killed.
    Serve {
        /// How many: text, bytes of all values, empty secrets, other scripts, schemas, notes without attributes, twins.
        items: usize,
        /// Where its files are to be; somewhere of its own otherwise.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Prints the items of the default collection on this bus, one a line: secret in hexadecimal, label, attributes.
    Dump {
        /// The bus.
        address: String,
    },
    /// Stores one item in the default collection on this bus.
    Put {
        /// The bus.
        address: String,
        /// Its label.
        label: String,
        /// Its secret.
        secret: String,
        /// Its attributes, `name=value`.
        attributes: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = smol::block_on(async {
        match Cli::parse().wish {
            Wish::Serve { items, data } => serve(items, data.as_deref()).await,
            Wish::Dump { address } => dump(&address).await,
            Wish::Put { address, label, secret, attributes } => {
                let attributes = attributes
                    .iter()
                    .filter_map(|pair| pair.split_once('='))
                    .map(|(name, value)| (name.to_owned(), value.to_owned()));
                let item = Item { label, attributes: attributes.collect(), secret: secret.into_bytes() };
                Keyring::at(&address).await?.put(&item).await
            }
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("sd-keyring: {e}");
            ExitCode::FAILURE
        }
    }
}

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    secret: Vec<u8>,
    label: String,
    attributes: BTreeMap<String, String>,
}

/// The items of a keyring that has seen much.
fn made_up(n: usize) -> Item {
    let mut attributes = BTreeMap::from([
        ("service".to_owned(), format!("service {}", n / 7)),
        ("user".to_owned(), format!("user{n}")),
    ]);
    let mut label = format!("Password {n}");
    let mut secret = format!("secret of {n}").into_bytes();
    match n % 7 {
        1 => secret = (0..=255_u8).cycle().skip(n).take(300).collect(),
        2 => secret.clear(),
        3 => label = format!("Пароль № {n} 密码 “\u{1b}[31m”\n{n}"),
        4 => {
            attributes.insert("xdg:schema".to_owned(), "net.example.Mine".to_owned());
        }
        5 => {
            attributes.clear();
            label = format!("Note {n}");
        }
        // Two of a kind, with two secrets.
        6 => attributes = BTreeMap::from([("twins".to_owned(), (n / 14).to_string())]),
        _ => {}
    }
    Item { secret, label, attributes }
}

async fn serve(items: usize, data: Option<&Path>) -> Done {
    let dir = tempfile::Builder::new().prefix("sd-keyring.").tempdir()?;
    let config = dir.path().join("bus.conf");
    std::fs::write(&config, test_harness::bus::session_config(&dir.path().join("bus")))?;
    let mut bus = mortal("dbus-daemon", dir.path())
        .args(["--nofork", "--print-address", "--config-file"])
        .arg(&config)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut address = String::new();
    BufReader::new(bus.stdout.take().ok_or("the bus says nothing")?).read_line(&mut address)?;
    let address = address.trim();
    let mut keyring = mortal("gnome-keyring-daemon", dir.path())
        .args(["--foreground", "--components=secrets", "--unlock"])
        .env("XDG_DATA_HOME", data.unwrap_or(dir.path()))
        .env("DBUS_SESSION_BUS_ADDRESS", address)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    keyring.stdin.take().ok_or("no pipe for the password")?.write_all(b"made up")?;
    let done = filled(address, items).await;
    if done.is_ok() {
        println!("address {address}");
        loop {
            std::thread::park();
        }
    }
    for child in [&mut keyring, &mut bus] {
        let _: &mut Child = child;
        child.kill()?;
        child.wait()?;
    }
    done
}

/// A program that does not outlive us, however we end.
fn mortal(program: &str, dir: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", program])
        .env("HOME", dir)
        .env("XDG_DATA_HOME", dir)
        .env("XDG_RUNTIME_DIR", dir)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

async fn filled(address: &str, items: usize) -> Done {
    let keyring = loop {
        if let Ok(keyring) = Keyring::at(address).await
            && keyring.items().await.is_ok()
        {
            break keyring;
        }
        smol::Timer::after(Duration::from_millis(50)).await;
    };
    for n in 0..items {
        keyring.put(&made_up(n)).await?;
    }
    Ok(())
}

async fn dump(address: &str) -> Done {
    let keyring = Keyring::at(address).await?;
    let mut items = Vec::new();
    for path in keyring.items().await? {
        items.push(keyring.item(&path).await?);
    }
    items.sort();
    for Item { secret, label, attributes } in items {
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{secret} {label:?} {attributes:?}");
    }
    Ok(())
}

struct Keyring {
    bus: Connection,
    session: OwnedObjectPath,
    collection: OwnedObjectPath,
}

impl Keyring {
    async fn at(address: &str) -> Done<Self> {
        let bus = zbus::connection::Builder::address(address)?.build().await?;
        let service = Some("org.freedesktop.Secret.Service");
        let opened =
            bus.call_method(NAME, SERVICE, service, "OpenSession", &("plain", Value::from(""))).await?;
        let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize()?;
        let collection = bus.call_method(NAME, SERVICE, service, "ReadAlias", &("default")).await?;
        let collection: OwnedObjectPath = collection.body().deserialize()?;
        Ok(Self { bus, session, collection })
    }

    async fn items(&self) -> Done<Vec<OwnedObjectPath>> {
        let items = self.get(&self.collection, "Collection", "Items").await?;
        Ok(items.try_into()?)
    }

    async fn get(&self, path: &OwnedObjectPath, interface: &str, name: &str) -> Done<OwnedValue> {
        let interface = format!("org.freedesktop.Secret.{interface}");
        let properties = Some("org.freedesktop.DBus.Properties");
        let got = self.bus.call_method(NAME, path, properties, "Get", &(interface, name)).await?;
        Ok(got.body().deserialize()?)
    }

    async fn item(&self, path: &OwnedObjectPath) -> Done<Item> {
        let interface = Some("org.freedesktop.Secret.Item");
        let got = self.bus.call_method(NAME, path, interface, "GetSecret", &(&self.session)).await?;
        let (got,): ((OwnedObjectPath, Vec<u8>, Vec<u8>, String),) = got.body().deserialize()?;
        let attributes: HashMap<String, String> = self.get(path, "Item", "Attributes").await?.try_into()?;
        let told = |(name, value): &(String, String)| (name.as_str(), value.as_str()) != NO_SCHEMA;
        Ok(Item {
            secret: got.2,
            label: self.get(path, "Item", "Label").await?.try_into()?,
            attributes: attributes.into_iter().filter(told).collect(),
        })
    }

    async fn put(&self, item: &Item) -> Done {
        let attributes: HashMap<&str, &str> =
            item.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Value::from(item.label.as_str())),
            ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
        ]);
        let secret = (&self.session, Vec::<u8>::new(), &item.secret, "text/plain");
        let interface = Some("org.freedesktop.Secret.Collection");
        let body = (properties, secret, false);
        self.bus.call_method(NAME, DEFAULT, interface, "CreateItem", &body).await?;
        Ok(())
    }
}
