//! Logging in for real, and what is done then: a shell at the other end of a login, by whichever way.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::machine::{Machine, Said};
use crate::waiting::{PATIENCE, eventually};

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `login` on a terminal, with the password typed at its prompt.
    Console,
    /// `ssh` with a terminal.
    Ssh,
    /// `su -l` by root from outside of any session, on a terminal.
    Su,
}

/// A person who is logged in. The session ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Session {
    child: Child,
    keys: Mutex<Option<ChildStdin>>,
    heard: Arc<Mutex<Vec<u8>>>,
    /// How long the login took: until the shell answered.
    pub(crate) took: Duration,
}

impl Machine {
    /// Logs a user in.
    pub(crate) fn login(&self, user: &str, way: Way) -> Session {
        match way {
            Way::Console => self.console(user),
            Way::Ssh => self.ssh(user),
            Way::Su => self.su(user),
        }
    }

    /// Logs in by `su -l`, from outside of any session, on a terminal.
    pub(crate) fn su(&self, user: &str) -> Session {
        let command = format!("exec script --quiet --flush --command 'su -l {user}' /dev/null");
        Session::open(self, &command, |session| session.hears(PROMPT))
    }

    /// The same without a terminal, as a script of root does it: logind calls such a session a background one.
    pub(crate) fn su_without_a_terminal(&self, user: &str) -> Session {
        Session::open(self, &format!("exec su -l {user}"), |_| {})
    }

    /// Logs in by ssh, with a terminal.
    pub(crate) fn ssh(&self, user: &str) -> Session {
        Session::open(self, &format!("exec {SSH} -tt {user}@localhost"), |session| session.hears(PROMPT))
    }

    /// What a command says that ssh runs on the machine without a terminal.
    pub(crate) fn ssh_command(&self, user: &str, script: &str) -> Said {
        self.run(&format!("exec {SSH} {user}@localhost {}", quoted(script)))
    }

    /// Logs in by `login` on a terminal, as getty starts it.
    pub(crate) fn console(&self, user: &str) -> Session {
        let password = if user == "nb" { "pencil" } else { "apple" };
        Session::open(self, "exec script --quiet --flush --command login /dev/null", |session| {
            session.hears("login: ");
            session.types(&format!("{user}\n"));
            session.hears("Password: ");
            session.types(&format!("{password}\n"));
            session.hears(PROMPT);
        })
    }
}

/// What is typed before it stands there gets lost.
const PROMPT: &str = ":~$ ";
const SSH: &str = "ssh -q -i /root/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null";

/// A word of the shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl Session {
    fn open(machine: &Machine, command: &str, greet: impl FnOnce(&Self)) -> Self {
        let begun = Instant::now();
        let mut child = machine
            .command(&["sh", "-c", &format!("exec 2>&1; {command}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut stdout = child.stdout.take().unwrap();
        let into = Arc::clone(&heard);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = stdout.read(&mut bytes) {
                into.lock().unwrap().extend_from_slice(&bytes[..length]);
            }
        });
        let keys = Mutex::new(child.stdin.take());
        let mut session = Self { child, keys, heard, took: Duration::ZERO };
        greet(&session);
        // A shell that neither echoes nor prompts, in the place of the login shell.
        session.types("stty -echo 2>/dev/null; exec env PS1= PS2= sh\necho the shell is \"there\"\n");
        session.hears("the shell is there");
        session.took = begun.elapsed();
        session
    }

    /// What becomes of a script in this session; standard error is among the output.
    pub(crate) fn run(&self, script: &str) -> Said {
        self.begin(script);
        self.finish()
    }

    /// What a script prints that is to succeed.
    pub(crate) fn ok(&self, script: &str) -> String {
        let said = self.run(script);
        assert!(said.code == 0, "{script}\n{said:#?}");
        said.out
    }

    /// Starts a script whose end is not waited for; [`Self::finish`] tells how it ended.
    pub(crate) fn begin(&self, script: &str) {
        self.heard.lock().unwrap().clear();
        self.types(&format!("( {script}\n) </dev/null 2>&1; echo \"<\"\"<$?>>\"\n"));
    }

    /// Whether the script that was begun has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.heard().contains(">>")
    }

    /// What became of the script that was begun.
    pub(crate) fn finish(&self) -> Said {
        self.hears(">>");
        let heard = self.heard();
        let (out, rest) = heard.rsplit_once("<<").unwrap_or_else(|| panic!("no status: {heard}"));
        Said {
            code: rest.trim().trim_end_matches(">>").parse().unwrap(),
            out: out.trim_end_matches('\n').to_owned(),
            err: String::new(),
        }
    }

    /// Logs out, and waits until whoever logged in is back.
    pub(crate) fn end(mut self) {
        self.types("exit\n");
        *self.keys.lock().unwrap() = None;
        let child = &mut self.child;
        eventually("the end of the session", String::new, || child.try_wait().unwrap().is_some());
    }

    fn types(&self, keys: &str) {
        self.keys.lock().unwrap().as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).replace('\r', "")
    }

    fn hears(&self, what: &str) {
        let until = Instant::now() + PATIENCE * 2;
        while !self.heard().contains(what) {
            assert!(Instant::now() < until, "heard no {what:?} but: {}", self.heard());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        *self.keys.lock().unwrap() = None;
        let until = Instant::now() + Duration::from_secs(3);
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
