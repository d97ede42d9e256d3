//! sd-fake — stands in for the tools of the chain, so that the rig can be tested without them.
//!
//! It does what the name says by which it is called. `sd-gate`, `sd-agent`: say that they are ready.
//! `sd-decide`: shows an ask for each connection on its screen, and answers with the key that is typed.
//! `sd-fetch`, `sd-sign`, `sd-audit`: answer one connection with how they were born, and end.
//! `sd-fake knock SOCKET`: connects, prints the answer.
#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use sd_sys::{Link, Listener};

fn main() -> ExitCode {
    let mut words = std::env::args();
    let name = words.next().unwrap_or_default();
    let done = match Path::new(&name).file_name().and_then(|name| name.to_str()) {
        Some("sd-decide") => decide(),
        Some("sd-fetch") => worker("fetch"),
        Some("sd-sign") => worker("sign"),
        Some("sd-audit") => worker("audit"),
        Some("sd-gate" | "sd-agent") => ready().map(|()| loop_for_ever()),
        _ => knock(&words.nth(1).unwrap_or_default()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn loop_for_ever() {
    loop {
        std::thread::park();
    }
}

fn ready() -> io::Result<()> {
    let path = std::env::var("NOTIFY_SOCKET").map_err(io::Error::other)?;
    UnixDatagram::unbound()?.send_to(b"STATUS=a fake\nREADY=1\n", path).map(drop)
}

fn decide() -> io::Result<()> {
    let bells = Listener::activated("decide").map_err(io::Error::other)?;
    let mut raw = tcgetattr(io::stdin())?;
    cfmakeraw(&mut raw);
    tcsetattr(io::stdin(), SetArg::TCSANOW, &raw)?;
    let mut screen: std::fs::File = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?.into();
    ready()?;
    let mut count = 0_u64;
    loop {
        write!(screen, "\x1b[2J\x1b[Hnothing is waiting")?;
        while !bells.wait(Duration::from_secs(3600))? {}
        let Some(link) = bells.accept()? else { continue };
        count += 1;
        write!(screen, "\x1b[2J\x1b[H│ ask {count:016x} │\r\n\r\nwait")?;
        std::thread::sleep(Duration::from_millis(100));
        write!(screen, "\x1b[3;1Hy approve   n deny")?;
        let mut key = [0];
        screen.read_exact(&mut key)?;
        link.send(&key, &[])?;
    }
}

fn worker(name: &str) -> io::Result<()> {
    let bells = Listener::activated(name).map_err(io::Error::other)?;
    while !bells.wait(Duration::from_secs(60))? {}
    let link = bells.accept()?.ok_or_else(|| io::Error::other("nobody there"))?;
    let mut names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    names.sort();
    let files = std::fs::read_dir("/proc/self/fd")?.count();
    link.send(format!("{} files={files} {}", std::process::id(), names.join(" ")).as_bytes(), &[])
}

fn knock(socket: &str) -> io::Result<()> {
    let link = Link::connect(Path::new(socket))?;
    let answer = link
        .receive_by(Instant::now() + Duration::from_secs(30))
        .map_err(|e| io::Error::other(format!("{e:?}")))?;
    let answer = answer.ok_or_else(|| io::Error::other("closed without an answer"))?;
    println!("{}", String::from_utf8_lossy(&answer.bytes));
    Ok(())
}
