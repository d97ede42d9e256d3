//! What the fuzzer feeds: keys, typed on the command line. See `crate::hostile`.

use sd_wire::printable::Printable;

use super::command::Command;
use super::line::{LONGEST, Line};
use super::mode::Purpose;
use crate::keys::Key;

/// Types these keys on a command line, and has each line that comes of it understood. Nothing that was typed is said
/// again, and the cursor stands in the text.
pub(crate) fn line(keys: &[Key]) {
    let mut line = Line::new(Purpose::Command);
    for key in keys {
        if *key == Key::Enter {
            let typed = line.text().to_owned();
            if let Err(said) = Command::parse(&typed) {
                let secret = |word: &&str| word.len() > 12;
                assert!(
                    !typed.split_whitespace().filter(secret).any(|word| said.contains(word)),
                    "{typed:?}: {said:?}"
                );
            }
            line = Line::new(Purpose::Command);
        }
        line.edit(*key);
        let length = line.text().chars().count();
        assert!(length <= LONGEST && line.cursor() <= length);
        assert!(
            line.text()
                .chars()
                .all(|c| c == '\\' || Printable::line(c.encode_utf8(&mut [0; 4])).as_str().chars().eq([c]))
        );
    }
}
