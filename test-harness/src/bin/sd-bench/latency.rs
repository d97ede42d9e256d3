//! How long lookups and searches take, beside those straight at a backend.

use std::process::Command;

use crate::figures::{Row, Sample};
use crate::keepass::KeePass;
use crate::stage::{Chain, Obedient, whole};
use crate::{Done, Plan};

pub(crate) const ABOUT: &str = "`secret-tool lookup service bench`, from its start to its end, and the same two calls \
(SearchItems, GetSecret) of a client whose connection is open. A person has granted the item for 15 minutes. Since each \
`secret-tool` would be an application of its own, to which no grant belongs, all of them connect by one relay, which is \
the application then; those at a backend do so as well, but for KeePassXC's. *Added* is to the same gnome-keyring that \
stands behind the chain.";
pub(crate) const ABOUT_PROMPTS: &str = "The same with nobody's grant: the prompt is shown, and `sd-rig` types `y` once it \
may. From the whole time the quiet time of 700 ms is taken off, which is there on purpose.";
pub(crate) const ABOUT_SEARCHES: &str = "SearchItems over an open connection for the one item of so many, no attribute of \
which is kept on the desktop's side.";

/// A lookup by `secret-tool`, with this for its bus.
fn lookup(mut command: Command, address: &str) -> Done<f64> {
    command.args(["lookup", "service", "bench"]).env("DBUS_SESSION_BUS_ADDRESS", address);
    let (took, secret) = whole(command)?;
    if secret.trim() == "hunter2" { Ok(took) } else { Err("another secret".into()) }
}

/// Puts the item there that is looked up.
pub(crate) fn put(chain: &Chain) -> Done {
    let mut command = chain.companion("sh")?;
    command.args(["-c", "printf hunter2 | secret-tool store --label=bench service bench"]);
    whole(command).map(drop)
}

/// A chain over this backend with one item, which is granted to whoever connects at the address.
pub(crate) fn granted(options: &[&str]) -> Done<(Chain, crate::stage::Relay, String)> {
    let chain = Chain::start(options)?;
    put(&chain)?;
    let (relay, address) = chain.relay("near", false)?;
    let mut command = chain.desktop("secret-tool");
    command.args(["lookup", "service", "bench"]).env("DBUS_SESSION_BUS_ADDRESS", &address);
    let mut asked = crate::stage::Relay(command.stdout(std::process::Stdio::null()).spawn()?);
    chain.types_at_an_ask(&["g", "15\r"])?;
    asked.0.wait()?;
    lookup(chain.desktop("secret-tool"), &address)?;
    Ok((chain, relay, address))
}

pub(crate) fn lookups(plan: &Plan) -> Done<Vec<Row>> {
    let (chain, _near, near) = granted(&[])?;
    let (_far, far) = chain.relay("far", true)?;
    let me = std::env::current_exe()?;
    let me = me.to_str().ok_or("a path that is no text")?;
    let client = |mut command: Command, address: &str| {
        command.env("DBUS_SESSION_BUS_ADDRESS", address);
        Obedient::start(command)
    };
    let mut through = client(chain.desktop(me), &near)?;
    let mut direct = client(chain.companion(me)?, &far)?;
    let mut samples: [Sample; 4] = Default::default();
    let [whole_chain, whole_keyring, open_chain, open_keyring] = &mut samples;
    for _ in 0..plan.rounds(200, 10) {
        whole_chain.add(lookup(chain.desktop("secret-tool"), &near)?);
        whole_keyring.add(lookup(chain.companion("secret-tool")?, &far)?);
        for _ in 0..5 {
            open_chain.add(through.took("lookup service bench")?);
            open_keyring.add(direct.took("lookup service bench")?);
        }
    }
    // Cold: the worker has ended, as it does after a minute without an order.
    let (mut cold, mut warm) = (Sample::default(), Sample::default());
    // Fewer than a service manager takes for a worker that cannot be helped.
    for _ in 0..plan.rounds(15, 3) {
        end_worker(&chain)?;
        cold.add(through.took("lookup service bench")?);
        warm.add(through.took("lookup service bench")?);
    }
    // Each after the others have ended: what one still does after an answer would be a part of the next one's time.
    let through = || lookup(chain.desktop("secret-tool"), &near);
    let beside_oo7 = beside("oo7-daemon", plan, through, || {
        let (other, relay, address) = oo7(plan)?;
        Ok(move || {
            let _held = &relay;
            lookup(other.companion("secret-tool")?, &address)
        })
    })?;
    let beside_keepass = beside("KeePassXC", plan, through, || {
        let keepass = KeePass::start()?;
        Ok(move || keepass.lookup())
    })?;
    let (ours, theirs) = (whole_chain.median(), whole_keyring.median());
    let added = open_chain.median() - open_keyring.median();
    Ok(vec![
        Row::plain("through the chain, whole process", whole_chain.words()),
        Row::plain("straight at gnome-keyring, whole process", whole_keyring.words()),
        Row::against(
            "the chain against gnome-keyring, whole process",
            format!("{:.2} ×", ours / theirs),
            "≤ 1.3 ×",
            ours / theirs <= 1.3,
        ),
        beside_oo7,
        beside_keepass,
        Row::plain("through the chain, open connection", open_chain.words()),
        Row::plain("straight at gnome-keyring, open connection", open_keyring.words()),
        Row::against("added to a warm lookup", format!("{added:.2} ms"), "≤ 5 ms", added <= 5.0),
        Row::plain("first lookup after the worker has ended, open connection", cold.words()),
        Row::plain("the one after it", warm.words()),
    ])
}

/// Lookups at another store, each beside one through the chain; or why there are none.
fn beside<L: Fn() -> Done<f64>>(
    name: &str,
    plan: &Plan,
    through: impl Fn() -> Done<f64>,
    start: impl FnOnce() -> Done<L>,
) -> Done<Row> {
    let what = format!("straight at {name}, whole process");
    let straight = match start() {
        Ok(straight) => straight,
        Err(why) => return Ok(Row::plain(what, format!("could not be had: {why}"))),
    };
    let (mut ours, mut theirs) = (Sample::default(), Sample::default());
    for _ in 0..plan.rounds(200, 10) {
        ours.add(through()?);
        theirs.add(straight()?);
    }
    let times = ours.median() / theirs.median();
    Ok(Row::plain(what, format!("{}; the chain beside it takes {times:.2} × that", theirs.words())))
}

/// Another chain, for its backend only.
fn oo7(plan: &Plan) -> Done<(Chain, crate::stage::Relay, String)> {
    let mut path = std::env::var("PATH").unwrap_or_default();
    if let Some(folder) = plan.oo7.as_ref().and_then(|file| file.parent()) {
        path = format!("{}:{path}", folder.display());
    }
    // Looked up by the rig in PATH; nothing else of this process runs meanwhile.
    let chain = Chain::start_with_path(&["--backend", "oo7", "--answer", "n"], &path)?;
    put(&chain)?;
    let (relay, address) = chain.relay("far", true)?;
    Ok((chain, relay, address))
}

fn end_worker(chain: &Chain) -> Done {
    let pid = chain.pid("sd-fetch")?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM)?;
    let gone = || std::fs::metadata(format!("/proc/{pid}")).is_err().then_some(());
    crate::stage::eventually("the worker's end", gone)?;
    // The rig's own look at its children, which stands for the service manager's.
    std::thread::sleep(std::time::Duration::from_millis(50));
    Ok(())
}

pub(crate) fn prompts(plan: &Plan) -> Done<Vec<Row>> {
    const QUIET: f64 = 700.0;
    let chain = Chain::start(&["--answer", "y"])?;
    put(&chain)?;
    let (_far, far) = chain.relay("far", true)?;
    let (mut ours, mut theirs) = (Sample::default(), Sample::default());
    for _ in 0..plan.rounds(20, 3) {
        let mut command = chain.desktop("secret-tool");
        command.args(["lookup", "service", "bench"]);
        ours.add(whole(command)?.0 - QUIET);
        theirs.add(lookup(chain.companion("secret-tool")?, &far)?);
    }
    Ok(vec![
        Row::plain("through the chain, whole process, less 700 ms", ours.words()),
        Row::plain("straight at gnome-keyring, whole process", theirs.words()),
    ])
}

pub(crate) fn searches(plan: &Plan) -> Done<Vec<Row>> {
    let chain = Chain::start(&[])?;
    let me = std::env::current_exe()?;
    let me = me.to_str().ok_or("a path that is no text")?;
    let mut through = Obedient::start(chain.desktop(me))?;
    let mut direct = Obedient::start(chain.companion(me)?)?;
    let (mut rows, mut stocked) = (Vec::new(), 0);
    for items in [100, 1_000, 10_000] {
        let mut command = chain.companion(me)?;
        command.args(["stock".to_owned(), stocked.to_string(), items.to_string()]);
        whole(command)?;
        stocked = items;
        let (mut ours, mut theirs) = (Sample::default(), Sample::default());
        for round in 0..plan.rounds(200, 10) {
            let words = format!("search number {}", (round * 37) % items);
            ours.add(through.took(&words)?);
            theirs.add(direct.took(&words)?);
        }
        rows.push(Row::plain(format!("{items} items, through the chain"), ours.words()));
        rows.push(Row::plain(format!("{items} items, straight at gnome-keyring"), theirs.words()));
        let added = ours.median() - theirs.median();
        let figure = format!("{added:.2} ms");
        let what = format!("added to a search over {items} items");
        rows.push(Row::against(what, figure, "≤ 5 ms", added <= 5.0));
    }
    Ok(rows)
}
