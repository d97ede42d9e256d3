//! A repository of the real git, made for one test by `git fast-import`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gix_hash::{ObjectId, oid};
use gix_object::Kind;
use sd_git::gap::Gap;
use sd_git::objects::Objects;
use sd_git::proof::{self, Against};
use tempfile::TempDir;

/// Both kinds of repository.
pub(crate) const FORMATS: [&str; 2] = ["sha1", "sha256"];

/// A repository on disk.
pub(crate) struct Repository {
    place: TempDir,
}

impl Repository {
    pub(crate) fn new(format: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let repository = Self { place };
        repository.git(&["init", "-q", "--bare", &format!("--object-format={format}")]);
        repository
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.place.path()).args(arguments);
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", self.place.path()).env("GIT_NO_REPLACE_OBJECTS", "1");
        git
    }

    /// What git printed.
    pub(crate) fn git(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Imports a stream of git-fast-import(1).
    pub(crate) fn import(&self, stream: &[u8]) {
        let mut git =
            self.command(&["fast-import", "--quiet", "--force"]).stdin(Stdio::piped()).spawn().unwrap();
        git.stdin.take().unwrap().write_all(stream).unwrap();
        assert!(git.wait().unwrap().success(), "{}", String::from_utf8_lossy(stream));
    }

    /// The bytes of a commit, as git would have them signed.
    pub(crate) fn commit(&self, name: &str) -> Vec<u8> {
        self.git(&["cat-file", "commit", name])
    }

    /// What is gathered for a commit.
    pub(crate) fn gathered(&self, name: &str) -> Vec<u8> {
        proof::collect(&self.commit(name), &mut Batch::new(self)).unwrap().unwrap()
    }

    /// Gathers, proves, and holds the lists against git's.
    pub(crate) fn agrees_on(&self, name: &str) -> Vec<Against> {
        let proved = proof::check(&self.commit(name), &self.gathered(name)).unwrap().unwrap();
        for against in &proved {
            let (ours, gits) = (self::lines(against), self.diff_tree(name, against.parent));
            assert_eq!(ours, gits, "{name} against {:?}", against.parent);
        }
        proved
    }

    fn diff_tree(&self, name: &str, parent: Option<ObjectId>) -> Vec<String> {
        let parent = parent.map_or_else(|| self.id_of_empty_tree(), |parent| parent.to_string());
        let said = self.git(&[
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-abbrev",
            "--find-renames=100%",
            &parent,
            name,
        ]);
        let mut fields = said.split(|byte| *byte == 0).filter(|field| !field.is_empty());
        let mut lines = Vec::new();
        while let Some(head) = fields.next() {
            let mut line = String::from_utf8_lossy(head).into_owned();
            let paths = if line.contains(" R") { 2 } else { 1 };
            for _ in 0..paths {
                write!(line, " {}", fields.next().unwrap().escape_ascii()).unwrap();
            }
            lines.push(line);
        }
        lines
    }

    fn id_of_empty_tree(&self) -> String {
        let said = self
            .command(&["hash-object", "-t", "tree", "-w", "--stdin"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }
}

/// Ours in the form of git's raw lines.
fn lines(against: &Against) -> Vec<String> {
    let side = |file: Option<sd_git::change::File>, like: ObjectId| {
        file.map_or(("000000", like.kind().null()), |file| (file.mode.octal(), file.id))
    };
    against
        .changes
        .iter()
        .map(|change| {
            let (old, new) = change.what.sides();
            let some = old.or(new).unwrap().id;
            let ((old_mode, old), (new_mode, new)) = (side(old, some), side(new, some));
            let score = if change.what.letter() == 'R' { "100" } else { "" };
            let mut line = format!(":{old_mode} {new_mode} {old} {new} {}{score}", change.what.letter());
            if let sd_git::change::What::Renamed { from, .. } = &change.what {
                write!(line, " {}", from.escape_ascii()).unwrap();
            }
            write!(line, " {}", change.path.escape_ascii()).unwrap();
            line
        })
        .collect()
}

/// `git cat-file --batch`, kept open.
pub(crate) struct Batch {
    git: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    bytes: Vec<u8>,
}

impl Batch {
    pub(crate) fn new(repository: &Repository) -> Self {
        let mut git = repository
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (asks, answers) = (git.stdin.take().unwrap(), git.stdout.take().unwrap());
        Self { git, asks, answers: BufReader::new(answers), bytes: Vec::new() }
    }
}

impl Objects for Batch {
    fn object(&mut self, kind: Kind, id: &oid) -> Result<Cow<'_, [u8]>, Gap> {
        writeln!(self.asks, "{id}").unwrap();
        let mut head = String::new();
        self.answers.read_line(&mut head).unwrap();
        let words: Vec<&str> = head.split_whitespace().collect();
        let [_, found, len] = words[..] else { return Err(Gap::Missing { kind, id: id.to_owned() }) };
        assert_eq!(found, kind.to_string());
        self.bytes = vec![0; len.parse::<usize>().unwrap() + 1];
        self.answers.read_exact(&mut self.bytes).unwrap();
        self.bytes.pop();
        Ok(Cow::Borrowed(&self.bytes))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let _ = self.git.kill();
        let _ = self.git.wait();
    }
}

/// A stream for git-fast-import(1), written commit by commit.
#[derive(Default)]
pub(crate) struct Stream {
    bytes: Vec<u8>,
}

impl Stream {
    /// Begins a commit on a branch, with these parents (marks of branches made before).
    pub(crate) fn commit(&mut self, branch: &str, parents: &[&str]) -> &mut Self {
        self.line(&format!(
            "commit refs/heads/{branch}\ncommitter A <a@example.org> 1700000000 +0000\ndata 2\nm"
        ));
        for (n, parent) in parents.iter().enumerate() {
            let word = if n == 0 { "from" } else { "merge" };
            self.line(&format!("{word} refs/heads/{parent}"));
        }
        self
    }

    /// A file with its content, quoted as C quotes it where it must be.
    pub(crate) fn file(&mut self, mode: &str, path: &[u8], content: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(format!("M {mode} inline {}\n", quoted(path)).as_bytes());
        self.bytes.extend_from_slice(format!("data {}\n", content.len()).as_bytes());
        self.bytes.extend_from_slice(content);
        self.line("")
    }

    /// A submodule at a commit.
    pub(crate) fn submodule(&mut self, path: &str, commit: &str) -> &mut Self {
        self.line(&format!("M 160000 {commit} {path}"))
    }

    pub(crate) fn delete(&mut self, path: &[u8]) -> &mut Self {
        self.line(&format!("D {}", quoted(path)))
    }

    pub(crate) fn delete_all(&mut self) -> &mut Self {
        self.line("deleteall")
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) -> &mut Self {
        self.line(&format!("R {} {}", quoted(from.as_bytes()), quoted(to.as_bytes())))
    }

    /// The stream so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn line(&mut self, line: &str) -> &mut Self {
        self.bytes.extend_from_slice(line.as_bytes());
        self.bytes.push(b'\n');
        self
    }
}

fn quoted(path: &[u8]) -> String {
    let octal = |byte: &u8| match byte {
        b'"' => "\\\"".to_owned(),
        b'\\' => "\\\\".to_owned(),
        0x20..=0x7e => char::from(*byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("\"{}\"", path.iter().map(octal).collect::<String>())
}
