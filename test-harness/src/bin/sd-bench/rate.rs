//! How many requests a second there are, with so many clients.

use std::process::{Command, Stdio};

use crate::figures::{Row, switches};
use crate::latency::put;
use crate::stage::Chain;
use crate::{Done, Plan};

pub(crate) const ABOUT: &str = "So many applications, each a process with a connection, search as fast as they are \
answered: through the chain, and straight at the same gnome-keyring.";

/// Those whose processor time a search takes.
const PARTS: [&str; 8] =
    ["sd-agent", "sd-gate", "sd-decide", "sd-fetch", "session-bus", "system-bus", "companion-bus", "backend"];

/// The processor time of each so far, in ticks.
fn ticks(chain: &Chain) -> Vec<u64> {
    let of = |part: &&str| chain.pid(part).and_then(switches).map_or(0, |(_, ticks)| ticks);
    PARTS.iter().map(of).collect()
}

/// How many requests a second such clients got answered, and how many failed.
fn rate(clients: usize, seconds: u64, mut command: impl FnMut() -> Done<Command>) -> Done<(f64, usize)> {
    let mut running = Vec::new();
    for _ in 0..clients {
        let mut client = command()?;
        client.args(["rush", "service", "bench", "1000000", &seconds.to_string(), "searches"]);
        running.push(client.stdout(Stdio::piped()).spawn()?);
    }
    let (mut rate, mut failed) = (0.0, 0);
    for client in running {
        let output = client.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        let [count, lost, took] = words.as_slice() else { return Err("a client ended early".into()) };
        rate += count.parse::<f64>()? / (took.parse::<f64>()? / 1e9);
        failed += lost.parse::<usize>()?;
    }
    Ok((rate, failed))
}

pub(crate) fn rates(plan: &Plan) -> Done<Vec<Row>> {
    let chain = Chain::start(&[])?;
    put(&chain)?;
    let me = std::env::current_exe()?;
    let me = me.to_str().ok_or("a path that is no text")?;
    let seconds: u64 = plan.rounds(5, 1).try_into()?;
    let mut rows = Vec::new();
    for clients in [1, 8, 64] {
        let before = ticks(&chain);
        let (ours, failed) = rate(clients, seconds, || Ok(chain.desktop(me)))?;
        let after = ticks(&chain);
        let (theirs, lost) = rate(clients, seconds, || chain.companion(me))?;
        let figure = format!("{ours:.0} a second, {failed} failed; straight {theirs:.0}, {lost} failed");
        rows.push(Row::plain(format!("{clients} clients"), figure));
        if clients == 8 {
            let searches = ours * seconds as f64;
            let each = PARTS.iter().zip(before.iter().zip(&after)).map(|(part, (before, after))| {
                let milliseconds = after.saturating_sub(*before) as f64 * 10.0 / searches;
                format!("{part} {milliseconds:.2}")
            });
            let figure = format!("{} ms", each.collect::<Vec<_>>().join(", "));
            rows.push(Row::plain("processor time a search, with 8 clients", figure));
        }
    }
    Ok(rows)
}
