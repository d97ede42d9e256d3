//! Figures: medians of what was measured in turn, and what is looked up of processes and files.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Done;

/// What was measured, in milliseconds or whatever it was.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// One more.
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The middle one.
    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// The one below which so many are, from 0 to 1.
    pub(crate) fn at(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        #[expect(clippy::as_conversions, reason = "a place in a short list")]
        let place = (part * last as f64).round() as usize;
        sorted.get(place).copied().unwrap_or(f64::NAN)
    }

    /// Median and the ninth of ten, in milliseconds.
    pub(crate) fn words(&self) -> String {
        format!("{:.2} ms (p90 {:.2})", self.median(), self.at(0.9))
    }
}

/// One line of the table.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) figure: String,
    pub(crate) target: String,
    /// Whether it is met, where there is one.
    pub(crate) met: Option<bool>,
}

impl Row {
    /// A figure without a target.
    pub(crate) fn plain(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self { what: what.into(), figure: figure.into(), target: String::new(), met: None }
    }

    /// A figure and whether it is what the project has set itself.
    pub(crate) fn against(
        what: impl Into<String>,
        figure: impl Into<String>,
        target: impl Into<String>,
        met: bool,
    ) -> Self {
        Self { what: what.into(), figure: figure.into(), target: target.into(), met: Some(met) }
    }

    /// As a line of Markdown.
    pub(crate) fn markdown(&self) -> String {
        let met = match self.met {
            None => "",
            Some(true) => "met",
            Some(false) => "**missed**",
        };
        format!("| {} | {} | {} | {met} |", self.what, self.figure, self.target)
    }
}

/// The proportional share of a process's memory, in KiB.
pub(crate) fn pss(pid: i32) -> Done<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).ok_or("no Pss")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

/// How often the threads of a process were put to sleep since they began, and the processor time in ticks.
pub(crate) fn switches(pid: i32) -> Done<(u64, u64)> {
    let mut count = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count += line.ok_or("no switches")?.trim().parse::<u64>()?;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let tick = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Ok((count, tick(11) + tick(12)))
}

/// The size of a file, in MiB.
pub(crate) fn mebibytes(file: &Path) -> Done<f64> {
    let length = u32::try_from(fs::metadata(file)?.len() / 1024)?;
    Ok(f64::from(length) / 1024.0)
}

/// How many other packages a tool is built from.
pub(crate) fn dependencies(tool: &str) -> Done<usize> {
    let words = ["tree", "--offline", "--edges", "normal", "--prefix", "none", "--package", tool];
    let output = Command::new("cargo").args(words).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut all: Vec<&str> = text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    all.sort_unstable();
    all.dedup();
    Ok(all.len().saturating_sub(1))
}

/// The machine, in one line.
pub(crate) fn machine() -> String {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let cpus = read("/proc/cpuinfo");
    let count = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    let model = field(&cpus, "model name");
    format!("{count} × {model}, {memory}, Linux {}; load at the start {load}", kernel.trim())
}
