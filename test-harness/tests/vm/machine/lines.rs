//! JSON, a line each way, over a socket: how QEMU is commanded (QMP), and how its agent in the guest is.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The longest that one command may take to be answered.
const ANSWERED: Duration = Duration::from_secs(400);

/// One end of such a conversation.
pub(super) struct Lines {
    answers: BufReader<UnixStream>,
}

impl Lines {
    /// Connects to a socket that QEMU is about to make.
    pub(super) fn connect(socket: &Path) -> Self {
        let deadline = Instant::now() + Duration::from_secs(20);
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() > deadline => {
                    panic!("{} did not appear: {error}", socket.display())
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        stream.set_read_timeout(Some(ANSWERED)).expect("a timeout");
        Self { answers: BufReader::new(stream) }
    }

    /// The next line, whatever it says.
    pub(super) fn next(&mut self) -> Value {
        let mut line = String::new();
        let length =
            self.answers.read_line(&mut line).expect("the other side of the socket to answer in time");
        assert!(length > 0, "the other side of the socket went away");
        serde_json::from_str(&line).expect("a line of JSON")
    }

    /// What a command returned, or why it did not. Events that come between are passed over.
    pub(super) fn call(&mut self, command: &str, arguments: Value) -> Result<Value, String> {
        let line = format!("{}\n", json!({"execute": command, "arguments": arguments}));
        self.answers.get_mut().write_all(line.as_bytes()).map_err(|error| error.to_string())?;
        loop {
            let mut answer = self.next();
            if let Some(returned) = answer.get_mut("return") {
                return Ok(returned.take());
            }
            if let Some(error) = answer.get("error") {
                return Err(error["desc"].as_str().unwrap_or("without a word").to_owned());
            }
        }
    }
}
