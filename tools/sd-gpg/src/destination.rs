//! Where a signature goes: what `--output` says, else beside the file, else to standard output. As gpg does.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use crate::arguments::Request;
use crate::failure::Failure;

/// A place that was looked at before anybody was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Standard output.
    Stdout,
    /// A file.
    File {
        /// Which.
        path: PathBuf,
        /// Whether one that is there may be written over.
        overwrite: bool,
    },
}

impl Destination {
    /// Where the signature of this request goes.
    ///
    /// # Errors
    /// [`Failure::Exists`]: better now than after a person was asked.
    pub(crate) fn of(request: &Request) -> Result<Self, Failure> {
        let path = match (&request.output, &request.file) {
            (Some(output), _) if output.as_os_str() == "-" => return Ok(Self::Stdout),
            (Some(output), _) => output.clone(),
            (None, Some(file)) => {
                let mut path = OsString::from(file);
                path.push(if request.armour { ".asc" } else { ".sig" });
                path.into()
            }
            (None, None) => return Ok(Self::Stdout),
        };
        if !request.overwrite && path.is_file() {
            return Err(Failure::Exists(path));
        }
        Ok(Self::File { path, overwrite: request.overwrite })
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// [`Failure::Stream`] and [`Failure::Unwritable`] with the system's word for it.
    pub(crate) fn write(&self, signature: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stdout => {
                let mut out = std::io::stdout().lock();
                let written = out.write_all(signature).and_then(|()| out.flush());
                written.map_err(|e| Failure::Stream("the signature cannot be written", e))
            }
            Self::File { path, overwrite } => {
                let mut options = OpenOptions::new();
                options.write(true).create(true).truncate(true).create_new(!overwrite && !path.exists());
                let written = options.open(path).and_then(|mut file| file.write_all(signature));
                written.map_err(|e| Failure::Unwritable(path.clone(), e))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_goes_where_gpg_would_write_it() {
        let file = |path: &str, overwrite| Destination::File { path: path.into(), overwrite };
        for (request, expected) in [
            (Request::default(), Destination::Stdout),
            (Request { file: Some("f".into()), armour: true, ..Request::default() }, file("f.asc", false)),
            (Request { file: Some("f".into()), overwrite: true, ..Request::default() }, file("f.sig", true)),
            (
                Request { file: Some("f".into()), output: Some("o".into()), ..Request::default() },
                file("o", false),
            ),
            (
                Request { file: Some("f".into()), output: Some("-".into()), ..Request::default() },
                Destination::Stdout,
            ),
        ] {
            assert_eq!(Destination::of(&request).unwrap(), expected);
        }
    }

    #[test]
    fn a_file_that_is_there_is_not_written_over_unless_it_may_be() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        let request = |overwrite| Request { output: Some(path.clone()), overwrite, ..Request::default() };
        let fresh = Destination::of(&request(false)).unwrap();
        fresh.write(b"first").unwrap();
        assert!(matches!(Destination::of(&request(false)), Err(Failure::Exists(_))));
        Destination::of(&request(true)).unwrap().write(b"2nd").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"2nd");
    }
}
