//! The process of QEMU, and what is said to it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::lines::Lines;

/// What a machine is made of. Machines that take over each other's state are made alike.
pub(super) struct Made {
    /// The folder with `vmlinuz` and `initrd`.
    pub(super) boot: PathBuf,
    /// The disk.
    pub(super) disk: PathBuf,
    /// Whether what is written stays on the disk, or goes with the machine.
    pub(super) stays: bool,
    /// A tar that the guest has as `/dev/vdb`, to read.
    pub(super) goods: PathBuf,
    /// The state of another machine to go on from, rather than to boot.
    pub(super) state: Option<PathBuf>,
}

/// A running QEMU, which ends with this value.
pub(super) struct Qemu {
    child: Child,
    lines: Lines,
}

/// How the guest's code is run: by the processor where the kernel lets us and the processor can, else by emulation.
/// A `/dev/kvm` on a machine that is virtual itself may open and then take minutes for what takes a second. An emulated
/// processor counts its instructions and takes that for the time while it is busy, so that on a host with much else to do
/// nothing in the guest comes too late.
pub(super) fn accelerator() -> String {
    let chosen = std::env::var("VM_ACCEL").unwrap_or_default();
    if !chosen.is_empty() {
        return chosen;
    }
    let opens = File::options().read(true).write(true).open("/dev/kvm").is_ok();
    let able = std::fs::read_to_string("/proc/cpuinfo")
        .is_ok_and(|text| text.split_whitespace().any(|flag| flag == "vmx" || flag == "svm"));
    if opens && able { "kvm".to_owned() } else { "tcg".to_owned() }
}

impl Qemu {
    /// Starts a machine whose sockets are in this folder; the agent's is `agent`.
    pub(super) fn start(made: &Made, run: &Path) -> Self {
        let shown = |path: &Path| path.display().to_string();
        let socket = |name: &str| format!("{},server=on,wait=off", shown(&run.join(name)));
        let log = File::create(run.join("qemu.log")).expect("a log");
        let snapshot = if made.stays { "off" } else { "on" };
        // With the test it goes, in whatever way that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "qemu-system-x86_64"]);
        let accelerator = accelerator();
        if accelerator == "tcg" {
            // One instruction a nanosecond. Two processors are emulated in turn then, so a second one is of no use.
            command.args(["-icount", "shift=0,sleep=on", "-smp", "1"]);
        } else {
            command.args(["-smp", "2"]);
        }
        command
            .args(["-nodefaults", "-no-user-config", "-machine", "pc", "-m", "640", "-display", "none"])
            .args(["-accel", &accelerator])
            // 100 columns and 37 rows of text.
            .args(["-device", "VGA,edid=on,xres=800,yres=600"])
            .args([
                "-kernel",
                &shown(&made.boot.join("vmlinuz")),
                "-initrd",
                &shown(&made.boot.join("initrd")),
            ])
            .args(["-append", "root=/dev/vda rw quiet console=ttyS0 console=tty0 vt.default_utf8=1"])
            .args(["-serial", &format!("file:{}", shown(&run.join("serial.log")))])
            .args([
                "-drive",
                &format!(
                    "file={},if=none,id=disk,format=raw,cache=unsafe,snapshot={snapshot}",
                    shown(&made.disk)
                ),
            ])
            .args(["-device", "virtio-blk-pci,drive=disk"])
            .args(["-drive", &format!("file={},if=none,id=goods,format=raw,readonly=on", shown(&made.goods))])
            .args(["-device", "virtio-blk-pci,drive=goods"])
            .args([
                "-device",
                "virtio-serial-pci",
                "-chardev",
                &format!("socket,id=agent,path={}", socket("agent")),
            ])
            .args(["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"])
            .args(["-qmp", &format!("unix:{}", socket("qmp"))])
            // A guest that turns itself off ends QEMU; one that starts itself anew does too, and is started anew by us.
            .args(["-no-reboot"]);
        if let Some(state) = &made.state {
            command.args(["-incoming", &format!("exec:cat '{}'", shown(state))]);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("qemu-system-x86_64, of the Debian package qemu-system-x86");
        let mut qemu = Self { child, lines: Lines::connect(&run.join("qmp")) };
        qemu.lines.next();
        qemu.call("qmp_capabilities", json!({}));
        if made.state.is_some() {
            // It was stopped when its state was written, so it is.
            qemu.comes_to("paused", Duration::from_secs(60));
            qemu.call("cont", json!({}));
        }
        qemu
    }

    /// What QEMU returned.
    pub(super) fn call(&mut self, command: &str, arguments: Value) -> Value {
        self.lines.call(command, arguments).unwrap_or_else(|error| panic!("QEMU refused {command}: {error}"))
    }

    /// Presses these keys together, in this order, and lets them go. Not by `send-key`: QEMU 7.2 queues its keys and never
    /// forgets that it did (`queue_count` in `ui/input.c`), so that a machine has four hundred of them in its life.
    pub(super) fn press(&mut self, keys: &[&str]) {
        let event = |key: &&str, down: bool| json!({"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key}}});
        let down = keys.iter().map(|key| event(key, true));
        let events: Vec<Value> = down.chain(keys.iter().rev().map(|key| event(key, false))).collect();
        self.call("input-send-event", json!({"events": events}));
    }

    /// Photographs the screen.
    pub(super) fn photograph(&mut self, file: &Path) {
        self.call("screendump", json!({"filename": file, "format": "png"}));
    }

    /// Stops the machine and writes its state into a file; afterwards QEMU is of no more use.
    pub(super) fn freeze(&mut self, state: &Path) {
        self.call("stop", json!({}));
        let speed = json!({"max-bandwidth": 10_000_000_000_u64});
        self.call("migrate-set-parameters", speed);
        self.call("migrate", json!({"uri": format!("exec:cat >'{}'", state.display())}));
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let told = self.call("query-migrate", json!({}));
            match told["status"].as_str() {
                Some("completed") => break,
                Some("failed" | "cancelled") => panic!("QEMU could not write its state: {told}"),
                _ => assert!(Instant::now() < deadline, "QEMU did not write its state in time: {told}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.call("quit", json!({}));
        self.ended(Duration::from_secs(10));
    }

    /// Waits for QEMU to end, as it does when the guest turns itself off.
    pub(super) fn ended(&mut self, within: Duration) {
        let deadline = Instant::now() + within;
        while self.child.try_wait().expect("the state of QEMU").is_none() {
            assert!(Instant::now() < deadline, "QEMU did not end within {within:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn comes_to(&mut self, state: &str, within: Duration) {
        let deadline = Instant::now() + within;
        while self.call("query-status", json!({}))["status"] != state {
            assert!(Instant::now() < deadline, "the machine is not {state} after {within:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
