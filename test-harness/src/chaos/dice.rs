//! Random numbers that a seed gives again (SplitMix64): not for secrets.

/// The dice of one purpose; each purpose has dice of its own, so that one that is thrown oftener shifts no other.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice for a purpose under a seed.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut dice = Self(seed ^ purpose.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        dice.throw();
        dice
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 on, below this one; 0 below 0.
    pub fn below(&mut self, most: u64) -> u64 {
        self.throw().checked_rem(most).unwrap_or_default()
    }

    /// A number in this range, both ends included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least.saturating_add(self.below(most.saturating_sub(least).saturating_add(1)))
    }

    /// One of these.
    pub fn one<T: Copy>(&mut self, of: &[T], else_: T) -> T {
        let place = self.below(u64::try_from(of.len()).unwrap_or_default());
        usize::try_from(place).ok().and_then(|place| of.get(place)).copied().unwrap_or(else_)
    }

    /// One of these, each as often as its weight says.
    pub fn weighed<T: Copy>(&mut self, of: &[(u64, T)], else_: T) -> T {
        let mut left = self.below(of.iter().map(|(weight, _)| weight).sum());
        for (weight, it) in of {
            match left.checked_sub(*weight) {
                None => return *it,
                Some(rest) => left = rest,
            }
        }
        else_
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_again_and_another_purpose_something_else() {
        let throws = |seed, purpose| {
            let mut dice = Dice::new(seed, purpose);
            (0..20).map(|_| dice.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7, 1), throws(7, 1));
        assert_ne!(throws(7, 1), throws(7, 2));
        assert_ne!(throws(7, 1), throws(8, 1));
    }

    #[test]
    fn what_weighs_nothing_never_comes_and_both_ends_of_a_range_do() {
        let mut dice = Dice::new(1, 1);
        assert!((0..200).all(|_| dice.weighed(&[(0, 'a'), (1, 'b')], 'c') == 'b'));
        let thrown: Vec<u64> = (0..200).map(|_| dice.between(3, 5)).collect();
        assert!(thrown.contains(&3) && thrown.contains(&5) && thrown.iter().all(|n| (3..=5).contains(n)));
    }
}
