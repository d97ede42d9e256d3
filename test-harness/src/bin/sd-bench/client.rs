//! What runs as the desktop user or as the companion: clients of a Secret Service, and the application that they all
//! are to the chain.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use zbus::Connection;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use crate::Done;

const NAME: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";

/// A connection with a session, whose secrets travel as they are.
struct Client {
    bus: Connection,
    session: OwnedObjectPath,
}

impl Client {
    async fn open() -> Done<Self> {
        let bus =
            zbus::connection::Builder::session()?.method_timeout(Duration::from_secs(60)).build().await?;
        let plain = ("plain", Value::from(""));
        let reply = bus.call_method(Some(NAME), ROOT, Some(SERVICE), "OpenSession", &plain).await?;
        let (_, session): (OwnedValue, OwnedObjectPath) = reply.body().deserialize()?;
        Ok(Self { bus, session })
    }

    async fn search(&self, name: &str, value: &str) -> Done<Vec<OwnedObjectPath>> {
        let wanted = HashMap::from([(name, value)]);
        let reply = self.bus.call_method(Some(NAME), ROOT, Some(SERVICE), "SearchItems", &(wanted)).await?;
        let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = reply.body().deserialize()?;
        Ok(unlocked.into_iter().chain(locked).collect())
    }

    async fn read(&self, item: &OwnedObjectPath) -> Done<usize> {
        let reply = self.bus.call_method(Some(NAME), item, Some(ITEM), "GetSecret", &(&self.session)).await?;
        let ((_, _, secret, _),): ((OwnedObjectPath, Vec<u8>, Vec<u8>, String),) =
            reply.body().deserialize()?;
        Ok(secret.len())
    }

    async fn once(&self, words: &[&str]) -> Done<Duration> {
        let began = Instant::now();
        match words {
            ["search", name, value] => drop(self.search(name, value).await?),
            ["lookup", name, value] => {
                let found = self.search(name, value).await?;
                let item = found.first().ok_or("nothing was found")?;
                self.read(item).await?;
            }
            ["read", path] => {
                let item = OwnedObjectPath::try_from(*path)?;
                let began = Instant::now();
                self.read(&item).await?;
                return Ok(began.elapsed());
            }
            ["find", name, value] => {
                let found = self.search(name, value).await?;
                println!("{}", found.first().ok_or("nothing was found")?.as_str());
            }
            other => return Err(format!("unknown words: {other:?}").into()),
        }
        Ok(began.elapsed())
    }
}

/// Does what each line says, and prints how many nanoseconds it took.
pub(crate) fn obey() -> Done {
    smol::block_on(async {
        let client = Client::open().await?;
        println!("open");
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            let words: Vec<&str> = line.split_whitespace().collect();
            match client.once(&words).await {
                Ok(took) => println!("{}", took.as_nanos()),
                Err(why) => println!("error {why}"),
            }
            std::io::stdout().flush()?;
        }
        Ok(())
    })
}

/// Searches, and reads what it finds if told so, as often as it can; prints how often.
pub(crate) fn rush(name: &str, value: &str, most: usize, seconds: u64, reads: bool) -> Done {
    smol::block_on(async {
        let client = Client::open().await?;
        let began = Instant::now();
        let (mut count, mut failed) = (0_usize, 0_usize);
        while count < most && began.elapsed() < Duration::from_secs(seconds) {
            count += 1;
            match client.search(name, value).await {
                Ok(found) if reads => {
                    count += 1;
                    let item = found.first().ok_or("nothing was found")?;
                    failed += usize::from(client.read(item).await.is_err());
                }
                Ok(_) => {}
                Err(_) => failed += 1,
            }
        }
        println!("{count} {failed} {}", began.elapsed().as_nanos());
        Ok(())
    })
}

/// Makes items in gnome-keyring's collection that is in memory only.
pub(crate) fn stock(from: usize, to: usize) -> Done {
    smol::block_on(async {
        let client = Client::open().await?;
        let collection = format!("{ROOT}/collection/session");
        for number in from..to {
            let label = format!("Stocked {number}");
            let text = number.to_string();
            let attributes = HashMap::from([("number", text.as_str()), ("kind", "stock")]);
            let properties = HashMap::from([
                ("org.freedesktop.Secret.Item.Label", Value::from(label)),
                ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
            ]);
            let secret = (&client.session, Vec::<u8>::new(), b"stocked".to_vec(), "text/plain");
            let words = (properties, secret, false);
            client
                .bus
                .call_method(Some(NAME), collection.as_str(), Some(COLLECTION), "CreateItem", &words)
                .await?;
        }
        Ok(())
    })
}

/// Carries bytes between a socket and a bus: to the bus all who connect there are this process, and so one application.
pub(crate) fn relay(socket: &Path, bus: &str) -> Done {
    let path = bus.split(',').find_map(|part| part.trim_start_matches("unix:").strip_prefix("path="));
    let path = path.ok_or("the bus has no path")?.to_owned();
    let listener = UnixListener::bind(socket)?;
    println!("relays");
    for near in listener.incoming() {
        let (near, far) = (near?, UnixStream::connect(&path)?);
        for (from, to) in [(near.try_clone()?, far.try_clone()?), (far, near)] {
            std::thread::spawn(move || carry(from, to));
        }
    }
    Ok(())
}

fn carry(mut from: UnixStream, mut to: UnixStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
