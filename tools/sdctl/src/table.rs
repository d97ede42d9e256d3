//! Columns that stand below each other.

use std::io;

use crate::paper::{Ink, Paper};

/// Rows of cells. What outside text there is belongs into the last column, which nothing is aligned after.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    rows: Vec<[(String, Ink); N]>,
}

impl<const N: usize> Table<N> {
    /// With these words above its columns.
    pub(crate) fn under(heading: [&str; N]) -> Self {
        Self { rows: vec![heading.map(|word| (word.to_owned(), Ink::Heading))] }
    }

    /// Without a heading.
    pub(crate) fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, row: [(String, Ink); N]) {
        self.rows.push(row);
    }

    /// Writes all of it.
    pub(crate) fn write(&self, paper: &mut Paper) -> io::Result<()> {
        for line in self.lines(|ink, text| paper.paint(ink, text)) {
            paper.line(&line)?;
        }
        Ok(())
    }

    fn lines(&self, paint: impl Fn(Ink, &str) -> String) -> Vec<String> {
        let mut widths = [0_usize; N];
        for row in &self.rows {
            for (width, (text, _)) in widths.iter_mut().zip(row) {
                *width = (*width).max(text.chars().count());
            }
        }
        let cell = |((text, ink), width): (&(String, Ink), &usize)| {
            // Padded outside of the colour, which takes up no room.
            let blanks = width.saturating_sub(text.chars().count());
            format!("{}{}", paint(*ink, text), " ".repeat(blanks))
        };
        let line =
            |row: &[(String, Ink); N]| row.iter().zip(&widths).map(cell).collect::<Vec<_>>().join("  ");
        self.rows.iter().map(line).collect()
    }
}

/// A cell without colour.
pub(crate) fn plain(text: impl ToString) -> (String, Ink) {
    (text.to_string(), Ink::Plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_also_in_colour() {
        let mut table = Table::under(["ID", "KIND", "PID"]);
        table.row([plain("0123"), ("read".into(), Ink::Good), plain(7)]);
        table.row([plain("4567"), plain("collections"), plain(12345)]);
        let expected = ["ID    KIND         PID  ", "0123  read         7    ", "4567  collections  12345"];
        assert_eq!(table.lines(|_, text| text.to_owned()), expected);
        let painted =
            table.lines(|ink, text| if ink == Ink::Good { format!("<{text}>") } else { text.to_owned() });
        assert_eq!(painted[1], "0123  <read>         7    ");
    }
}
