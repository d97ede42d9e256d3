//! A machine with a keyboard and a screen, and what a test does at it.

mod checkpoint;
mod goods;
mod image;
mod keyboard;
mod lines;
mod qemu;
mod screen;
mod shell;
mod svg;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) use checkpoint::Checkpoint;
pub(crate) use goods::package;
pub(crate) use screen::Screen;
pub(crate) use shell::Ended;

use qemu::{Made, Qemu};
use shell::Shell;

/// The longest that is waited for anything, on a host whose processors are busy elsewhere and come here last.
const PATIENCE: Duration = Duration::from_secs(360);

/// A running machine; it ends with this value. What of it was photographed stays.
pub(crate) struct Machine {
    qemu: Qemu,
    shell: Shell,
    pictures: PathBuf,
    taken: usize,
    /// How many bytes of keys the guest may not have read yet.
    typing: usize,
    /// The last of all fields: the sockets are in it.
    _run: TempDir,
}

impl Machine {
    fn start(made: &Made, name: &str) -> Self {
        let run = tempfile::Builder::new().prefix("sdvm.").tempdir_in("/tmp").expect("a folder below /tmp");
        let pictures = image::target().join("vm").join(name);
        let _ = std::fs::remove_dir_all(&pictures);
        std::fs::create_dir_all(&pictures).expect("a folder for the pictures");
        let qemu = Qemu::start(made, run.path());
        let shell = Shell::at(&run.path().join("agent"));
        Self { qemu, shell, pictures, taken: 0, typing: 0, _run: run }
    }

    /// Waits until the agent in the guest answers and the boot is over.
    fn booted(&mut self) {
        self.shell.awake();
        let said = self.shell.run("systemctl is-system-running --wait", PATIENCE);
        assert_eq!(said.out.trim(), "running", "{}", self.shell.run("systemctl --failed", PATIENCE).out);
    }

    /// Types on the keyboard; what has the active virtual terminal gets it.
    pub(crate) fn type_keys(&mut self, text: &str) {
        for character in text.chars() {
            let keys = keyboard::keys(character);
            // One for each that is pressed and each that is let go; the keyboard remembers sixteen.
            let bytes = 2 * keys.len();
            if self.typing + bytes > 12 {
                // What answers has served its interrupts.
                self.active();
                self.typing = 0;
            }
            self.qemu.press(&keys);
            self.typing += bytes;
        }
    }

    /// Types a line at the shell of a virtual terminal that is active, looks whether it stands there, and presses Enter.
    /// A slow guest misses a key now and then; whoever sees that begins the line again.
    pub(crate) fn type_line(&mut self, vt: u8, line: &str) {
        for _ in 0..5 {
            self.type_keys(line);
            for _ in 0..12 {
                if self.screen(vt).ends_with(line) {
                    return self.type_keys("\n");
                }
                self.pass("0.3");
            }
            println!("typed again, for it came as\n{}", self.screen(vt));
            self.type_keys("\u{15}");
        }
        panic!("{line:?} cannot be typed:\n{}", self.screen(vt));
    }

    /// Presses Ctrl, Alt and the function key of this number together, and waits until that virtual terminal is there.
    pub(crate) fn switch_to(&mut self, vt: u8) {
        let deadline = Instant::now() + PATIENCE;
        while self.active() != vt {
            assert!(Instant::now() < deadline, "Ctrl+Alt+F{vt} led to VT{}", self.active());
            self.press_switch(vt);
            // As the guest counts the time: one that is slow gets no more keys for it.
            for _ in 0..16 {
                if self.active() == vt {
                    return;
                }
                self.pass("0.2");
            }
            println!("Ctrl+Alt+F{vt} is pressed again");
        }
    }

    /// Presses Ctrl, Alt and the function key of this number together.
    pub(crate) fn press_switch(&mut self, vt: u8) {
        self.qemu.press(&["ctrl", "alt", &format!("f{vt}")]);
    }

    /// The number of the virtual terminal that has keyboard and screen.
    pub(crate) fn active(&mut self) -> u8 {
        let name = String::from_utf8(self.shell.read("/sys/class/tty/tty0/active", 16)).expect("a name");
        name.trim().trim_start_matches("tty").parse().expect("the name of a virtual terminal")
    }

    /// What stands on a virtual terminal, whether or not it is the active one.
    pub(crate) fn screen(&mut self, vt: u8) -> Screen {
        let columns = self.shell.read(&format!("/dev/vcsa{vt}"), 4)[1];
        Screen::read(&self.shell.read(&format!("/dev/vcsu{vt}"), 1 << 16), usize::from(columns))
    }

    /// Waits until this stands on a virtual terminal, and returns the screen.
    pub(crate) fn see(&mut self, vt: u8, text: &str) -> Screen {
        self.see_that(vt, &format!("{text:?}"), |screen| screen.shows(text))
    }

    /// Waits until a virtual terminal looks so, and returns the screen.
    pub(crate) fn see_that(&mut self, vt: u8, what: &str, looks: impl Fn(&Screen) -> bool) -> Screen {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen(vt);
            if looks(&screen) {
                return screen;
            }
            assert!(
                Instant::now() < deadline,
                "after {PATIENCE:?} VT{vt} does not show {what}, but:\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(150));
        }
    }

    /// Photographs the screen as it is, into `target/vm/<scenario>/<nn>-<step>.png`.
    pub(crate) fn photograph(&mut self, step: &str) -> PathBuf {
        self.taken += 1;
        let file = self.pictures.join(format!("{:02}-{step}.png", self.taken));
        self.qemu.photograph(&file);
        file
    }

    /// Draws a virtual terminal as it is into `target/vm/<scenario>/<step>.svg`, in text, for the README.
    pub(crate) fn draw(&mut self, vt: u8, step: &str) {
        let characters = self.shell.read(&format!("/dev/vcsu{vt}"), 1 << 16);
        let cells = self.shell.read(&format!("/dev/vcsa{vt}"), 1 << 16);
        self.keep_text(&format!("{step}.svg"), &svg::drawing(&characters, &cells));
    }

    /// Keeps a text beside the pictures.
    pub(crate) fn keep_text(&mut self, name: &str, text: &str) {
        std::fs::write(self.pictures.join(name), text).expect("a file beside the pictures");
    }

    /// What a script of root's printed in the guest. It has to succeed.
    pub(crate) fn run(&mut self, script: &str) -> String {
        let ended = self.attempt(script);
        assert_eq!(ended.status, 0, "in the guest this failed: {script}\n{}{}", ended.out, ended.complaints);
        ended.out
    }

    /// How a script of root's ended in the guest.
    pub(crate) fn attempt(&mut self, script: &str) -> Ended {
        let begun = Instant::now();
        let ended = self.shell.run(script, PATIENCE * 2);
        if begun.elapsed() > Duration::from_secs(5) {
            println!("{:.0?}: {script}", begun.elapsed());
        }
        ended
    }

    /// Waits until a script of root's succeeds in the guest.
    pub(crate) fn wait_for(&mut self, script: &str) {
        let tries = format!(
            "for i in $(seq 200); do sleep .2; if {{ {script}; }} >/tmp/said 2>&1; then exit; fi; done; exit 1"
        );
        if self.shell.run(&tries, PATIENCE).status != 0 {
            let said = self.run("cat /tmp/said");
            panic!("after 200 times this still fails in the guest: {script}\n{said}");
        }
    }

    /// Lets some time pass, as the guest counts it.
    pub(crate) fn pass(&mut self, seconds: &str) {
        self.run(&format!("sleep {seconds}"));
    }

    /// Logs in at the prompt of a virtual terminal that is active, and waits for the shell.
    pub(crate) fn log_in(&mut self, vt: u8, name: &str, password: &str) {
        self.see(vt, "login:");
        self.type_keys(&format!("{name}\n"));
        self.see(vt, "Password:");
        self.type_keys(&format!("{password}\n"));
        self.see(vt, &format!("{name}@machine:~"));
    }

    /// Turns the machine off as a person does, and waits until it is.
    fn turn_off(mut self) {
        self.run("systemctl --no-block poweroff");
        self.qemu.ended(PATIENCE);
    }

    fn freeze(mut self, state: &Path) {
        self.qemu.freeze(state);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The test has failed; what can be had of the machine is the only trace of why.
            let left = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.photograph("failed");
                let screens = [1, 2, 8].map(|vt| format!("VT{vt}:\n{}", self.screen(vt))).concat();
                eprintln!("{screens}");
                let journal =
                    self.shell.run("journalctl --boot --no-hostname --no-pager", Duration::from_secs(60)).out;
                let ours =
                    journal.lines().filter(|line| line.contains(" sd-") || line.contains(" gpg-agent"));
                let ours: Vec<_> = ours.collect();
                eprintln!("{}", ours.get(ours.len().saturating_sub(40)..).unwrap_or_default().join("\n"));
                std::fs::write(self.pictures.join("journal.txt"), journal)
                    .expect("a file beside the pictures");
            }));
            let whether = if left.is_ok() { "are" } else { "should be" };
            // A checkpoint is made again for the next test, which would take the place of these.
            let kept = self.pictures.with_extension("failed");
            let _ = std::fs::remove_dir_all(&kept);
            let kept = std::fs::rename(&self.pictures, &kept).map_or(&self.pictures, |()| &kept);
            eprintln!("the last picture and the journal of the machine {whether} in {}", kept.display());
        }
    }
}
