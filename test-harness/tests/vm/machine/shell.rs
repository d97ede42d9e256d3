//! Commands in the guest, by QEMU's agent there: the tests' own way in. It is of the image, and never of the product.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::lines::Lines;

/// The agent, which runs commands as root, outside of every session.
pub(super) struct Shell {
    lines: Lines,
}

/// How a command in the guest ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit status; 128 and more for a signal.
    pub(crate) status: i64,
    /// What it printed.
    pub(crate) out: String,
    /// What it complained of.
    pub(crate) complaints: String,
}

impl Shell {
    /// The agent at this socket; it need not run yet.
    pub(super) fn at(socket: &Path) -> Self {
        Self { lines: Lines::connect(socket) }
    }

    /// Waits for the agent to answer, which it does from the middle of a boot on.
    pub(super) fn awake(&mut self) {
        self.lines.call("guest-ping", json!({})).expect("the agent in the guest");
    }

    /// The first bytes of a file in the guest, without a process for it.
    pub(super) fn read(&mut self, path: &str, most: usize) -> Vec<u8> {
        let handle = self
            .lines
            .call("guest-file-open", json!({"path": path, "mode": "r"}))
            .expect("a file in the guest");
        let read = self
            .lines
            .call("guest-file-read", json!({"handle": handle, "count": most}))
            .expect("to read a file");
        self.lines.call("guest-file-close", json!({"handle": handle})).expect("to close a file");
        decode(read["buf-b64"].as_str().unwrap_or(""))
    }

    /// Runs a script by /bin/sh, and waits for its end.
    pub(super) fn run(&mut self, script: &str, within: Duration) -> Ended {
        let deadline = Instant::now() + within;
        let arguments = json!({"path": "/bin/sh", "arg": ["-c", script], "capture-output": true});
        let started =
            self.lines.call("guest-exec", arguments).expect("the agent in the guest to start a shell");
        let mut pause = Duration::from_millis(20);
        loop {
            let status = self
                .lines
                .call("guest-exec-status", json!({"pid": started["pid"]}))
                .expect("the script's status");
            if status["exited"] == true {
                let text = |name: &str| {
                    String::from_utf8_lossy(&decode(status[name].as_str().unwrap_or(""))).into_owned()
                };
                let code = status["exitcode"].as_i64();
                let signal = status["signal"].as_i64();
                return Ended {
                    status: code.or(signal.map(|signal| 128 + signal)).unwrap_or(-1),
                    out: text("out-data"),
                    complaints: text("err-data"),
                };
            }
            assert!(Instant::now() < deadline, "in the guest this did not end within {within:?}: {script}");
            std::thread::sleep(pause);
            pause = (pause * 3 / 2).min(Duration::from_millis(200));
        }
    }
}

/// Base64, as the agent quotes what a command printed.
fn decode(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|&byte| byte != b'=') {
        let digit = DIGITS.iter().position(|&digit| digit == byte).expect("base64");
        bits = bits << 6 | u32::try_from(digit).expect("six bits");
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).expect("eight bits"));
        }
    }
    bytes
}

#[test]
fn what_the_agent_quotes_is_read() {
    assert_eq!(decode("aGVsbG8K"), b"hello\n");
    assert_eq!(decode("eQ=="), b"y");
    assert_eq!(decode("eWVz"), b"yes");
}
