//! Every picture that stood on the screen, written down as text.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::failure::{Doing, Failure};

/// Writes pictures to a file, each different from the one before it, each under a numbered line.
#[derive(Debug)]
pub struct Album {
    file: Option<File>,
    last: String,
    count: u64,
}

impl Album {
    /// An album in this file, or one that is thrown away.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let file = match path {
            Some(path) => Some(File::create(path).doing(format_args!("write {}", path.display()))?),
            None => None,
        };
        Ok(Self { file, last: String::new(), count: 0 })
    }

    /// Adds a picture, written at once so that a killed rig leaves it behind.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, picture: &str) -> Result<(), Failure> {
        let text: String = picture.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
        let text = text.trim_end();
        if text.is_empty() || text == self.last {
            return Ok(());
        }
        self.count += 1;
        if let Some(file) = &mut self.file {
            let rule = "─".repeat(60);
            write!(file, "{rule} {}\n{text}\n", self.count).doing("write the screen file")?;
        }
        text.clone_into(&mut self.last);
        Ok(())
    }
}

/// The pictures in the text of a screen file, in order.
#[must_use]
pub fn pictures(file: &str) -> Vec<String> {
    let mut pictures: Vec<String> = Vec::new();
    for line in file.lines() {
        let number = line.trim_start_matches('─');
        if line.starts_with('─') && number.strip_prefix(' ').is_some_and(|n| n.parse::<u64>().is_ok()) {
            pictures.push(String::new());
        } else if let Some(picture) = pictures.last_mut() {
            picture.push_str(line);
            picture.push('\n');
        }
    }
    pictures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_out_of_the_file_as_they_went_in_and_equal_neighbours_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("screens");
        let mut album = Album::open(Some(&path)).unwrap();
        for picture in ["a\nb   \n\n", "a\nb", "", "──\nc"] {
            album.add(picture).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(pictures(&text), ["a\nb\n", "──\nc\n"]);
    }
}
