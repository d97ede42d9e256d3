//! A person's keyboard, as keys of a US layout by the names that QEMU has for them.

/// The keys to press together for this character.
pub(super) fn keys(character: char) -> Vec<&'static str> {
    const ROW: [(char, char, &str); 22] = [
        ('`', '~', "grave_accent"),
        ('1', '!', "1"),
        ('2', '@', "2"),
        ('3', '#', "3"),
        ('4', '$', "4"),
        ('5', '%', "5"),
        ('6', '^', "6"),
        ('7', '&', "7"),
        ('8', '*', "8"),
        ('9', '(', "9"),
        ('0', ')', "0"),
        ('-', '_', "minus"),
        ('=', '+', "equal"),
        ('[', '{', "bracket_left"),
        (']', '}', "bracket_right"),
        ('\\', '|', "backslash"),
        (';', ':', "semicolon"),
        ('\'', '"', "apostrophe"),
        (',', '<', "comma"),
        ('.', '>', "dot"),
        ('/', '?', "slash"),
        (' ', ' ', "spc"),
    ];
    const LETTERS: [&str; 26] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t",
        "u", "v", "w", "x", "y", "z",
    ];
    if let Some(place) = ('a'..='z').position(|letter| letter == character.to_ascii_lowercase()) {
        let key = LETTERS[place];
        return if character.is_ascii_uppercase() { vec!["shift", key] } else { vec![key] };
    }
    match character {
        '\n' => vec!["ret"],
        '\t' => vec!["tab"],
        '\u{1b}' => vec!["esc"],
        '\u{4}' => vec!["ctrl", "d"],
        '\u{3}' => vec!["ctrl", "c"],
        '\u{15}' => vec!["ctrl", "u"],
        _ => ROW
            .iter()
            .find_map(|&(plain, shifted, key)| match character {
                _ if character == plain => Some(vec![key]),
                _ if character == shifted => Some(vec!["shift", key]),
                _ => None,
            })
            .unwrap_or_else(|| panic!("the keyboard has no key for {character:?}")),
    }
}

#[test]
fn every_character_that_a_command_needs_is_on_the_keyboard() {
    for character in ' '..='~' {
        assert!(!keys(character).is_empty());
    }
    assert_eq!(keys('A'), ["shift", "a"]);
    assert_eq!(keys('|'), ["shift", "backslash"]);
}
