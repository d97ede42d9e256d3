//! The phrase by which a person knows the approval screen: random words, which nobody has seen before they stand there.

use crate::failure::Failure;

/// How many words; each is one of 256, so that is 48 bits.
const WORDS: usize = 6;

/// A new one, as a line.
pub(crate) fn fresh() -> Result<String, Failure> {
    let mut random = [0_u8; WORDS];
    getrandom::fill(&mut random)
        .map_err(|e| Failure::Unavailable(format!("there are no random numbers for the phrase: {e}")))?;
    let mut line = random.map(|byte| LIST.get(usize::from(byte)).copied().unwrap_or_default()).join(" ");
    line.push('\n');
    Ok(line)
}

/// Words that are told apart at a glance.
#[rustfmt::skip]
const LIST: [&str; 256] = [
    "acorn", "actor", "agent", "album", "alpha", "amber", "angel", "ankle", "apple", "april", "arena",
    "armor", "arrow", "artist", "aspen", "atlas", "attic", "autumn", "badge", "bagel", "bakery", "bamboo",
    "banana", "banjo", "barn", "basil", "basket", "beach", "beacon", "beaver", "bell", "berry", "birch",
    "bishop", "blanket", "bonnet", "book", "boot", "bottle", "bowl", "branch", "bread", "brick", "bridge",
    "broom", "brush", "bucket", "button", "cabin", "cactus", "camel", "candle", "canoe", "canyon", "carpet",
    "carrot", "castle", "cedar", "cellar", "chair", "chalk", "cherry", "chess", "circle", "citrus", "clay",
    "clock", "cloud", "clover", "coast", "cobra", "coffee", "comet", "compass", "copper", "coral", "corner",
    "cotton", "crane", "crater", "crayon", "cricket", "crown", "crystal", "curtain", "cymbal", "daisy",
    "dancer", "desert", "diamond", "dinner", "dolphin", "donkey", "door", "dragon", "dress", "drum",
    "eagle", "easel", "echo", "elbow", "ember", "engine", "falcon", "farmer", "feather", "fennel", "ferry",
    "fiddle", "finger", "fjord", "flag", "flame", "flower", "flute", "forest", "fossil", "fox", "frost",
    "garden", "garlic", "gate", "ginger", "glacier", "globe", "glove", "goat", "goose", "grape", "gravel",
    "guitar", "hammer", "harbor", "harp", "hazel", "helmet", "heron", "hill", "honey", "horn", "horse",
    "house", "igloo", "island", "ivory", "jacket", "jaguar", "jam", "jasmine", "jelly", "jewel", "juggler",
    "jungle", "kettle", "king", "kite", "kitten", "ladder", "lagoon", "lamp", "lantern", "lemon", "lily",
    "melon", "mint", "mirror", "mitten", "monkey", "moon", "moss", "motor", "mouse", "museum", "napkin",
    "needle", "nest", "noodle", "oak", "oasis", "ocean", "olive", "onion", "opal", "orange", "orchid",
    "otter", "owl", "oyster", "paddle", "palm", "panda", "paper", "parrot", "pasta", "peach", "pearl",
    "pebble", "pencil", "pepper", "piano", "pigeon", "pillow", "pilot", "pine", "planet", "plum", "pocket",
    "pony", "poppy", "potato", "prism", "puddle", "pumpkin", "puppet", "quartz", "quill", "rabbit", "radar",
    "raven", "ribbon", "river", "robin", "rocket", "saddle", "salmon", "sandal", "satin", "scarf", "shadow",
    "shell", "silver", "sparrow", "spoon", "stone", "sugar", "sunset", "table", "tiger", "timber", "tomato",
    "torch", "tower", "train", "tulip", "turtle", "valley", "velvet", "violin", "walnut", "whale", "willow",
    "window", "winter", "wizard", "yarrow", "zebra",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_word_is_there_twice_and_any_six_fit_into_the_header() {
        let words: BTreeSet<&str> = LIST.into_iter().collect();
        assert_eq!(words.len(), 256);
        let longest = words.iter().map(|word| word.len()).max().unwrap();
        assert!(WORDS * (longest + 1) <= 60, "{longest}");
        assert!(words.iter().all(|word| word.bytes().all(|c| c.is_ascii_lowercase())));
    }

    #[test]
    fn two_phrases_differ() {
        assert_ne!(fresh().unwrap(), fresh().unwrap());
    }
}
