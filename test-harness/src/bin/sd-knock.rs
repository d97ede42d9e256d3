//! sd-knock — says one thing at a socket of the chain, well formed or not, and prints what comes back.
//!
//! For trying a door by hand and for the tests of what every door refuses. Started by root it can take the uid of any
//! party, which is how the tests play the gate and the decider.
#![forbid(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use nix::sys::socket::{MsgFlags, send};
use nix::unistd::{Gid, Uid, setegid, seteuid, setgroups, setresgid, setresuid};
use sd_sys::link::{Link, MAX_PACKET};
use test_harness::descriptors::{Kind, PAIR_WORD, make_a_pair_for_another, print_packets};

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
    /// Words to say first on the same connection, with no descriptor; a newline is added.
    #[arg(long, value_name = "WORDS")]
    ahead: Option<String>,
    /// So many bytes more behind the words.
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    pad: usize,
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
    /// Connect so often, but say something on the first connection only.
    #[arg(long, default_value_t = 1)]
    times: u64,
}

fn main() -> ExitCode {
    let done = match std::env::args().nth(1) {
        Some(word) if word == PAIR_WORD => make_a_pair_for_another().map_err(Into::into),
        _ => knock(&Cli::parse()),
    };
    match done {
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
    let (mut home, mut kept, mut fds) = (None, Vec::new(), Vec::new());
    for kind in &cli.fds {
        let made = kind.make()?;
        fds.push(made.fd);
        kept.extend(made.kept);
        home = made.home.or(home);
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
    // Those that find no more room in the listener's queue have filled it.
    let _mute: Vec<_> = (1..cli.times).map_while(|_| Link::connect(&cli.socket).ok()).collect();
    let borrowed: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
    if let Some(ahead) = &cli.ahead {
        link.send(format!("{ahead}\n").as_bytes(), &[])?;
    }
    let words = words(cli)?;
    if words.len() > MAX_PACKET {
        // A link refuses to send so much itself.
        send(link.as_fd().as_raw_fd(), &words, MsgFlags::MSG_DONTWAIT)?;
    } else {
        link.send(&words, &borrowed)?;
    }
    drop(fds);
    let until = Instant::now() + Duration::from_millis(cli.listen);
    let sink = home.map(|home| std::thread::spawn(move || print_packets("sink", &home, until)));
    print_packets("reply", &link, until);
    if let Some(sink) = sink {
        sink.join().map_err(|_| "the sink's thread panicked")?;
    }
    Ok(())
}

fn words(cli: &Cli) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let pad = vec![b'x'; cli.pad];
    if !cli.hex {
        return Ok([cli.say.as_bytes(), &pad, b"\n"].concat());
    }
    let digits: Vec<char> = cli.say.chars().collect();
    let bytes = digits.chunks(2).map(|two| u8::from_str_radix(&two.iter().collect::<String>(), 16));
    Ok(bytes.collect::<Result<_, _>>()?)
}
