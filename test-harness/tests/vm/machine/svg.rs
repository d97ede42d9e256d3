//! A screen as a drawing in text, for a README: characters and colours as the kernel has them in `/dev/vcsu<n>` and
//! `/dev/vcsa<n>`.

use std::fmt::Write;

/// The sixteen colours of a text screen, in the order of its attributes.
const COLOURS: [&str; 16] = [
    "#000", "#00a", "#0a0", "#0aa", "#a00", "#a0a", "#a50", "#aaa", "#555", "#55f", "#5f5", "#5ff", "#f55",
    "#f5f", "#ff5", "#fff",
];
/// The size of a character.
const WIDTH: usize = 8;
const HEIGHT: usize = 16;

/// The drawing. `cells` begins with rows, columns and the cursor's place, a byte each; then come two bytes a character, of
/// which the second is the colour. `characters` has four bytes each.
pub(super) fn drawing(characters: &[u8], cells: &[u8]) -> String {
    let (rows, columns) = (usize::from(cells[0]), usize::from(cells[1]));
    let (across, down) = (columns * WIDTH, rows * HEIGHT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {across} {down}\" width=\"{across}\" height=\"{down}\" \
         font-family=\"monospace\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n",
        COLOURS[0]
    );
    let cell = |place: usize| {
        let code = characters[place * 4..][..4].try_into().map(u32::from_ne_bytes).expect("four bytes");
        let character = char::from_u32(code).filter(|&character| character >= ' ').unwrap_or(' ');
        (character, cells[4 + place * 2 + 1])
    };
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let (_, colour) = cell(row * columns + column);
            let end = (column..columns).find(|&at| cell(row * columns + at).1 != colour).unwrap_or(columns);
            let text: String = (column..end).map(|at| cell(row * columns + at).0).collect();
            let (x, y, length) = (column * WIDTH, row * HEIGHT, (end - column) * WIDTH);
            if colour >> 4 & 7 != 0 {
                let paper = COLOURS[usize::from(colour >> 4 & 7)];
                writeln!(
                    svg,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{length}\" height=\"{HEIGHT}\" fill=\"{paper}\"/>"
                )
                .unwrap();
            }
            if !text.trim().is_empty() {
                let ink = COLOURS[usize::from(colour & 15)];
                let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                // Blanks in a row would be drawn as one, and the rest drawn out.
                let text = text.replace(' ', "\u{a0}");
                let y = y + 12;
                writeln!(
                    svg,
                    "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" fill=\"{ink}\">{text}</text>"
                )
                .unwrap();
            }
            column = end;
        }
    }
    svg + "</svg>\n"
}
