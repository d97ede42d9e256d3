//! What a person sees on a virtual terminal, as text: from the kernel's own memory of it.

/// One screen full of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Screen {
    /// A string a row, without the blanks at its end.
    pub(crate) rows: Vec<String>,
}

impl Screen {
    /// From the bytes of `/dev/vcsu<n>` in hexadecimal, four a character, and the width in characters.
    pub(super) fn read(hexadecimal: &str, columns: usize) -> Self {
        let digits: Vec<u32> = hexadecimal.chars().filter_map(|digit| digit.to_digit(16)).collect();
        let characters: Vec<char> = digits
            .chunks_exact(8)
            .map(|word| {
                // Little-endian, each byte with its high digit first.
                let code =
                    word.chunks_exact(2).rev().fold(0, |code, byte| code << 8 | byte[0] << 4 | byte[1]);
                char::from_u32(code).unwrap_or('\u{fffd}')
            })
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
}

impl std::fmt::Display for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let written = self.rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        self.rows.iter().take(written).try_for_each(|row| writeln!(f, "│ {row}"))
    }
}
