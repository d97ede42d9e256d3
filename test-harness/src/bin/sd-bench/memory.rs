//! What the processes take while nothing happens and after much has, how they start, and how large they are.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::figures::{Row, Sample, dependencies, mebibytes, pss, switches};
use crate::latency::granted;
use crate::stage::{Chain, Relay, binaries, eventually};
use crate::{Done, Plan};

pub(crate) const ABOUT: &str = "The proportional share of memory (PSS) of each process, in KiB: after the start and one \
lookup, after 1,000 requests (searches and reads in turn, 8 clients), with 192 asks waiting (all that the gate takes of \
what waits for a person), and after 100,000 requests more. *Woken* is how often all threads of a process were put to \
sleep in a minute in which nothing was asked. The watchdog's and the screen's own rounds are in it.";
pub(crate) const ABOUT_START: &str = "From nothing to a chain that serves: three buses, gnome-keyring, then sd-decide, \
sd-gate and sd-agent one after the other; and the same bus and gnome-keyring by themselves are no part of what is ours.";
pub(crate) const ABOUT_FILES: &str =
    "Programs of the release profile, and how many other packages each is built from.";

const TOOLS: [&str; 5] = ["sd-gate", "sd-decide", "sd-agent", "sd-fetch", "sd-sign"];

/// The share of each tool that runs.
fn shares(chain: &Chain) -> Vec<Option<f64>> {
    TOOLS.iter().map(|tool| chain.pid(tool).and_then(pss).ok()).collect()
}

/// So many requests by 8 clients of one application.
fn requests(chain: &Chain, address: &str, count: usize) -> Done<usize> {
    const CLIENTS: usize = 8;
    let me = std::env::current_exe()?;
    let me = me.to_str().ok_or("a path that is no text")?;
    let mut running = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = chain.desktop(me);
        let each = (count / CLIENTS).to_string();
        client
            .args(["rush", "service", "bench", &each, "600", "reads"])
            .env("DBUS_SESSION_BUS_ADDRESS", address);
        running.push(client.stdout(Stdio::piped()).spawn()?);
    }
    let mut failed = 0;
    for client in running {
        let output = client.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        failed += text.split_whitespace().nth(1).ok_or("a client ended early")?.parse::<usize>()?;
    }
    Ok(failed)
}

pub(crate) fn all(plan: &Plan) -> Done<Vec<Row>> {
    let (chain, _relay, address) = granted(&[])?;
    // The signing worker, once: its first order is the question whether the key is locked.
    std::thread::sleep(Duration::from_secs(2));
    let idle = shares(&chain);
    let minute = Duration::from_secs(plan.rounds(60, 6).try_into()?);
    let before: Vec<_> = TOOLS.iter().map(|tool| chain.pid(tool).and_then(switches).ok()).collect();
    std::thread::sleep(minute);
    let after: Vec<_> = TOOLS.iter().map(|tool| chain.pid(tool).and_then(switches).ok()).collect();
    let mut failed = requests(&chain, &address, 1_000)?;
    let thousand = shares(&chain);
    let item = "ao:/org/freedesktop/secrets/collection/login/1";
    let waiting: Vec<Relay> = (0..3)
        .map(|_| {
            let call = binaries()?.join("sd-call");
            let mut command = chain.desktop(call.to_str().ok_or("a path that is no text")?);
            command.args(["RequestAccess", "h:sink", item, "a{sv}:", "--times", "64", "--listen", "600000"]);
            Ok(Relay(command.stdout(Stdio::null()).spawn()?))
        })
        .collect::<Done<_>>()?;
    eventually("192 asks", || chain.screen().contains("192 are waiting").then_some(()))?;
    std::thread::sleep(Duration::from_secs(1));
    let pending = shares(&chain);
    drop(waiting);
    eventually("their end", || chain.screen().contains("nothing is waiting").then_some(()))?;
    let many = plan.rounds(100_000, 2_000);
    failed += requests(&chain, &address, many / 4)?;
    let quarter = shares(&chain);
    failed += requests(&chain, &address, many / 4 * 3)?;
    let grown = shares(&chain);

    let words = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{share:.0}"));
    let mut rows = Vec::new();
    for (at, tool) in TOOLS.iter().enumerate() {
        let of = |shares: &[Option<f64>]| shares.get(at).copied().flatten();
        let figure = format!(
            "idle {}, after 1,000 requests {}, 192 asks waiting {}, after {many} requests {}",
            words(of(&idle)),
            words(of(&thousand)),
            words(of(&pending)),
            words(of(&grown))
        );
        match of(&idle) {
            Some(idle) => {
                rows.push(Row::against(format!("{tool}, KiB"), figure, "idle ≤ 5 MiB", idle <= 5.0 * 1024.0))
            }
            None => rows.push(Row::plain(format!("{tool}, KiB"), figure)),
        }
    }
    let sum = |tools: &[usize]| {
        tools.iter().filter_map(|at| idle.get(*at).copied().flatten()).sum::<f64>() / 1024.0
    };
    let (pair, side) = (sum(&[0, 1]), sum(&[0, 1, 3, 4]));
    rows.push(Row::against(
        "sd-gate and sd-decide, idle",
        format!("{pair:.1} MiB"),
        "≤ 10 MiB",
        pair <= 10.0,
    ));
    rows.push(Row::against(
        "the companion's side, idle, without the backend",
        format!("{side:.1} MiB"),
        "≤ 15 MiB",
        side <= 15.0,
    ));
    for (at, tool) in TOOLS.iter().enumerate() {
        if let (Some(Some((slept, ticks))), Some(Some((woken, spent)))) = (before.get(at), after.get(at)) {
            let a_minute = (woken - slept) as f64 * 60.0 / minute.as_secs_f64();
            let figure = format!("{a_minute:.0} a minute, {} ticks of processor time", spent - ticks);
            rows.push(Row::against(
                format!("{tool}, woken while idle"),
                figure,
                "≤ 4 a minute",
                a_minute <= 4.0,
            ));
        }
    }
    for (at, tool) in TOOLS.iter().enumerate().take(4) {
        if let (Some(Some(first)), Some(Some(last))) = (quarter.get(at), grown.get(at)) {
            let figure = format!("{:+.0} KiB from {} to {many} requests", last - first, many / 4);
            rows.push(Row::against(
                format!("{tool}, growth"),
                figure,
                "none (≤ 256 KiB)",
                last - first <= 256.0,
            ));
        }
    }
    rows.push(Row::plain("requests that failed meanwhile", failed.to_string()));
    Ok(rows)
}

pub(crate) fn start(plan: &Plan) -> Done<Vec<Row>> {
    let mut took = Sample::default();
    for _ in 0..plan.rounds(7, 2) {
        let began = Instant::now();
        let chain = Chain::start(&["--answer", "n"])?;
        took.add(began.elapsed().as_secs_f64() * 1e3);
        drop(chain);
    }
    Ok(vec![Row::plain("all of it", took.words())])
}

pub(crate) fn files(_plan: &Plan) -> Done<Vec<Row>> {
    let folder = binaries()?;
    let mut rows = Vec::new();
    for tool in [
        "sd-gate",
        "sd-decide",
        "sd-fetch",
        "sd-sign",
        "sd-agent",
        "sd-gpg",
        "sd-pinentry",
        "sd-store",
        "sdctl",
    ] {
        let size =
            mebibytes(&folder.join(tool)).map_or_else(|why| why.to_string(), |size| format!("{size:.1} MiB"));
        let count = dependencies(tool).map_or_else(|why| why.to_string(), |count| count.to_string());
        rows.push(Row::plain(tool, format!("{size}, {count} packages")));
    }
    Ok(rows)
}
