//! sd-knock — says one thing at a socket of the chain, well formed or not, and prints what comes back.
//!
//! For trying a door by hand and for the tests of what every door refuses. Started by root it can take the uid of any
//! party, which is how the tests play the gate and the decider.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::{Gid, Uid, setegid, seteuid, setgroups, setresgid, setresuid};
use sd_sys::link::Link;
use sd_sys::payload::Payload;

/// Says one thing at a socket of the chain, and prints what comes back.
///
/// Prints a line `reply …` for each packet that comes back on the connection and `sink …` for each in the sink, and
/// `reply: end` and `sink: end` when they are closed.
#[derive(Debug, Parser)]
#[command(name = "sd-knock", version)]
struct Cli {
    /// The socket.
    socket: PathBuf,
    /// What to say; a newline is added. Given as hexadecimal with --hex, without the newline.
    say: String,
    /// The words are hexadecimal bytes.
    #[arg(long)]
    hex: bool,
    /// A descriptor to send along; repeat for more.
    #[arg(long = "fd", value_enum)]
    fds: Vec<Kind>,
    /// The uid that makes the descriptors [root only].
    #[arg(long, value_name = "UID")]
    maker: Option<u32>,
    /// The uid that knocks [root only].
    #[arg(long, value_name = "UID")]
    knocker: Option<u32>,
    /// How long to listen, in milliseconds.
    #[arg(long, default_value_t = 1500)]
    listen: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// One end of a SEQPACKET socketpair, as it should be.
    Sink,
    /// One end of a STREAM socketpair.
    Stream,
    /// One end of a DGRAM socketpair.
    Datagram,
    /// The writing end of a pipe.
    Pipe,
    /// An ordinary file.
    File,
    /// A SEQPACKET connection to a listener instead of a pair.
    Connected,
    /// A sealed memfd, as it should be.
    Payload,
    /// A memfd that can still change.
    Unsealed,
}

fn main() -> ExitCode {
    match knock(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            println!("refused: {e}");
            ExitCode::FAILURE
        }
    }
}

fn knock(cli: &Cli) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(maker) = cli.maker {
        setgroups(&[])?;
        setegid(Gid::from_raw(maker))?;
        seteuid(Uid::from_raw(maker))?;
    }
    let mut home = None;
    let mut kept: Vec<OwnedFd> = Vec::new();
    let mut fds: Vec<OwnedFd> = Vec::new();
    for kind in &cli.fds {
        fds.push(make(*kind, &mut home, &mut kept)?);
    }
    if let Some(knocker) = cli.knocker {
        let (uid, gid) = (Uid::from_raw(knocker), Gid::from_raw(knocker));
        if cli.maker.is_some() {
            seteuid(Uid::from_raw(0))?;
        }
        setgroups(&[])?;
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)?;
    }
    let link = Link::connect(&cli.socket)?;
    let borrowed: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
    link.send(&words(cli)?, &borrowed)?;
    drop(fds);
    let until = Instant::now() + Duration::from_millis(cli.listen);
    listen("reply", &link, until);
    if let Some(home) = home {
        listen("sink", &home, until);
    }
    Ok(())
}

fn words(cli: &Cli) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    if !cli.hex {
        return Ok(format!("{}\n", cli.say).into_bytes());
    }
    let digits: Vec<char> = cli.say.chars().collect();
    let bytes = digits.chunks(2).map(|two| u8::from_str_radix(&two.iter().collect::<String>(), 16));
    Ok(bytes.collect::<Result<_, _>>()?)
}

fn make(
    kind: Kind,
    home: &mut Option<Link>,
    kept: &mut Vec<OwnedFd>,
) -> Result<OwnedFd, Box<dyn std::error::Error>> {
    Ok(match kind {
        Kind::Sink => {
            let (ours, theirs) = Link::pair()?;
            *home = Some(ours);
            theirs.into()
        }
        Kind::Stream => {
            let (ours, theirs) = UnixStream::pair()?;
            kept.push(ours.into());
            theirs.into()
        }
        Kind::Datagram => {
            let (ours, theirs) = UnixDatagram::pair()?;
            kept.push(ours.into());
            theirs.into()
        }
        Kind::Pipe => {
            let (reader, writer) = std::io::pipe()?;
            kept.push(reader.into());
            writer.into()
        }
        Kind::File => File::open("/dev/null")?.into(),
        Kind::Connected => {
            let place = tempfile::tempdir()?;
            let listener = sd_sys::listener::Listener::bind(&place.path().join("s"), 0o600)?;
            let link = Link::connect(&place.path().join("s"))?;
            kept.push(listener.into());
            link.into()
        }
        Kind::Payload => Payload::seal(b"tree 0\n\nmessage\n")?.into(),
        Kind::Unsealed => {
            let mut file = File::from(memfd_create("unsealed", MFdFlags::MFD_ALLOW_SEALING)?);
            file.write_all(b"tree 0\n\nmessage\n")?;
            file.into()
        }
    })
}

fn listen(name: &str, link: &Link, until: Instant) {
    loop {
        match link.receive_by(until) {
            Ok(Some(packet)) => print!("{name} {}", String::from_utf8_lossy(&packet.bytes)),
            Ok(None) => return println!("{name}: end"),
            Err(e) => {
                println!("{name}: {e}");
                // A reset connection may still hold what was said before; a time-out holds nothing.
                if !e.to_string().contains("reset") {
                    return;
                }
            }
        }
    }
}
