//! sd-call — calls one method of the gate, with arguments well formed or not, and prints what comes back.
//!
//! For trying the gate's door by hand and for the tests of what it refuses; `sd-ask` is the one that asks properly.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use sd_sys::link::Link;
use smol::stream::StreamExt;
use test_harness::descriptors::{Kind, PAIR_WORD, make_a_pair_for_another, print_packets};
use zbus::message::Type;
use zbus::zvariant::{Fd, ObjectPath, OwnedObjectPath, Structure, StructureBuilder, Value};
use zbus::{Connection, Message, MessageStream};

const NAME: &str = "net.mowaka.SecretsDispatcher1";
const PATH: &str = "/net/mowaka/SecretsDispatcher1";

/// Calls one method of the gate, and prints what comes back.
///
/// An argument is TYPE:VALUE: `h:KIND` a descriptor (sink, foreign, stream, datagram, pipe, file, connected, payload,
/// unsealed), `o:PATH`, `s:TEXT`, `b:true`, `u:7`, `t:7`, `ao:PATH,PATH`, `a{ss}:NAME=VALUE,NAME=VALUE`,
/// `a{sv}:NAME=TYPE:VALUE,NAME=TYPE:VALUE`; the part behind the last colon may be empty.
///
/// Prints `reply …` or `error NAME: SENTENCE` for each call, `signal NAME …` for each signal that comes to this
/// connection, `sink …` for each line in a sink, and `sink: end` when that is closed.
#[derive(Debug, Parser)]
#[command(name = "sd-call", version)]
struct Cli {
    /// The method, such as RequestSecret; one of another interface with that before it and a dot between.
    method: String,
    /// Its arguments.
    arguments: Vec<String>,
    /// Call it so often, on one connection, with new descriptors each time.
    #[arg(long, default_value_t = 1)]
    times: usize,
    /// Call Subscribe() first.
    #[arg(long)]
    subscribe: bool,
    /// Ask the bus first for what matches this rule.
    #[arg(long = "match", value_name = "RULE")]
    rule: Option<String>,
    /// How long to listen, in milliseconds.
    #[arg(long, default_value_t = 0)]
    listen: u64,
}

type Ended<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let done = match std::env::args().nth(1) {
        Some(word) if word == PAIR_WORD => make_a_pair_for_another().map_err(Into::into),
        _ => smol::block_on(call(&Cli::parse())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("sd-call: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn call(cli: &Cli) -> Ended {
    let bus = zbus::connection::Builder::system()?.method_timeout(Duration::from_secs(10)).build().await?;
    let signals = MessageStream::from(&bus);
    if let Some(rule) = &cli.rule {
        let daemon = "org.freedesktop.DBus";
        bus.call_method(Some(daemon), "/org/freedesktop/DBus", Some(daemon), "AddMatch", &(rule)).await?;
    }
    if cli.subscribe {
        bus.call_method(Some(NAME), PATH, Some(NAME), "Subscribe", &()).await?;
    }
    // Side by side: the bus's messages stop coming when nobody takes the signals among them.
    smol::future::or(calls(&bus, cli), print_signals(signals)).await
}

async fn calls(bus: &Connection, cli: &Cli) -> Ended {
    let (mut homes, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..cli.times {
        match once(bus, cli, &mut homes, &mut kept).await {
            Ok(reply) => println!("reply {}", words(&reply)),
            Err(zbus::Error::MethodError(name, sentence, _)) => {
                println!("error {}: {}", name.as_str(), sentence.unwrap_or_default());
            }
            Err(e) => return Err(e.into()),
        }
    }
    println!("called");
    let until = Instant::now() + Duration::from_millis(cli.listen);
    let sinks: Vec<_> = homes
        .into_iter()
        .map(|home: Link| std::thread::spawn(move || print_packets("sink", &home, until)))
        .collect();
    smol::Timer::at(until).await;
    for sink in sinks {
        sink.join().map_err(|_| "a sink's thread panicked")?;
    }
    Ok(())
}

async fn once(
    bus: &Connection,
    cli: &Cli,
    homes: &mut Vec<Link>,
    kept: &mut Vec<OwnedFd>,
) -> zbus::Result<Message> {
    let mut body = StructureBuilder::new();
    for word in &cli.arguments {
        let said = |e: Box<dyn std::error::Error>| zbus::Error::Failure(format!("{word}: {e}"));
        body = body.append_field(argument(word, homes, kept).map_err(said)?);
    }
    let (interface, member) = cli.method.rsplit_once('.').unwrap_or((NAME, &cli.method));
    if cli.arguments.is_empty() {
        return bus.call_method(Some(NAME), PATH, Some(interface), member, &()).await;
    }
    bus.call_method(Some(NAME), PATH, Some(interface), member, &body.build()?).await
}

fn argument(word: &str, homes: &mut Vec<Link>, kept: &mut Vec<OwnedFd>) -> Ended<Value<'static>> {
    let (kind, value) = word.split_once(':').ok_or("an argument is TYPE:VALUE")?;
    let parts = || value.split(',').filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').ok_or("give it as NAME=VALUE")?;
        Ok::<_, &str>((name.to_owned(), value.to_owned()))
    };
    Ok(match kind {
        "h" => {
            let made = Kind::from_str(value, true)?.make()?;
            homes.extend(made.home);
            kept.extend(made.kept);
            Value::from(Fd::from(made.fd))
        }
        "o" => Value::from(ObjectPath::try_from(value.to_owned())?),
        "s" => Value::from(value.to_owned()),
        "b" => Value::from(value.parse::<bool>()?),
        "u" => Value::from(value.parse::<u32>()?),
        "t" => Value::from(value.parse::<u64>()?),
        "ao" => Value::from(
            parts().map(|p| OwnedObjectPath::try_from(p.to_owned())).collect::<Result<Vec<_>, _>>()?,
        ),
        "a{ss}" => Value::from(parts().map(pair).collect::<Result<HashMap<_, _>, _>>()?),
        "a{sv}" => {
            let mut claims = HashMap::new();
            for part in parts() {
                let (name, value) = pair(part)?;
                claims.insert(name, argument(&value, homes, kept)?);
            }
            Value::from(claims)
        }
        _ => return Err("this type is not known here; see --help".into()),
    })
}

async fn print_signals(mut messages: MessageStream) -> Ended {
    while let Some(Ok(message)) = messages.next().await {
        let header = message.header();
        if message.message_type() == Type::Signal
            && header.interface().is_some_and(|interface| *interface == NAME)
        {
            let member = header.member().map(ToString::to_string).unwrap_or_default();
            println!("signal {member} {}", words(&message));
        }
    }
    // The bus has gone; who listens on learns no more.
    smol::future::pending().await
}

/// The values of a message's body.
fn words(message: &Message) -> String {
    let body = message.body();
    let Ok(body) = body.deserialize::<Structure<'_>>() else { return String::new() };
    let text = |field: &Value<'_>| match field {
        Value::Str(text) => text.to_string(),
        other => other.to_string(),
    };
    body.fields().iter().map(text).collect::<Vec<_>>().join(" ")
}
