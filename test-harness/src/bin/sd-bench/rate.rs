//! How many requests a second there are, with so many clients.

use std::process::{Command, Stdio};

use crate::figures::Row;
use crate::latency::put;
use crate::stage::Chain;
use crate::{Done, Plan};

pub(crate) const ABOUT: &str = "So many applications, each a process with a connection, search as fast as they are \
answered: through the chain, and straight at the same gnome-keyring.";

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
    let seconds = plan.rounds(5, 1).try_into()?;
    let mut rows = Vec::new();
    for clients in [1, 8, 64] {
        let (ours, failed) = rate(clients, seconds, || Ok(chain.desktop(me)))?;
        let (theirs, lost) = rate(clients, seconds, || chain.companion(me))?;
        let figure = format!("{ours:.0} a second, {failed} failed; straight {theirs:.0}, {lost} failed");
        rows.push(Row::plain(format!("{clients} clients"), figure));
    }
    Ok(rows)
}
