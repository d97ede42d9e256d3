//! What a person sees on a virtual terminal, as text: from the kernel's own memory of it.

/// One screen full of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Screen {
    /// A string a row, without the blanks at its end.
    pub(crate) rows: Vec<String>,
}

impl Screen {
    /// From the bytes of `/dev/vcsu<n>`, four a character, and the width in characters.
    pub(super) fn read(bytes: &[u8], columns: usize) -> Self {
        let characters: Vec<char> = bytes
            .chunks_exact(4)
            .map(|word| u32::from_ne_bytes(word.try_into().expect("four bytes")))
            .map(|code| char::from_u32(code).filter(|&character| character != '\0').unwrap_or(' '))
            .collect();
        let rows = characters
            .chunks(columns.max(1))
            .map(|row| row.iter().collect::<String>().trim_end().to_owned())
            .collect();
        Self { rows }
    }

    /// Whether this stands somewhere on it; what a terminal has broken at its right edge is read on.
    pub(crate) fn shows(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text)) || self.rows.concat().contains(text)
    }

    /// Whether the last that stands on it is this, in one row or broken at its right edge, where a blank is not seen.
    pub(crate) fn ends_with(&self, text: &str) -> bool {
        self.rows.concat().replace(' ', "").ends_with(&text.replace(' ', ""))
    }

    /// The id of the ask that is selected on an approval screen.
    pub(crate) fn ask(&self) -> Option<String> {
        let row = self.rows.iter().find_map(|row| row.split_once("│ ask ").map(|(_, rest)| rest))?;
        row.split_whitespace().next().map(str::to_owned)
    }
}

impl std::fmt::Display for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let written = self.rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        self.rows.iter().take(written).try_for_each(|row| writeln!(f, "│ {row}"))
    }
}
