//! A fingerprint as a fault carries it: small and copied like the fault itself.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sign::Fingerprint;

/// The 20 or 32 bytes of an OpenPGP fingerprint (v4, v5); on the wire and for a person its upper-case digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Print {
    bytes: [u8; 32],
    length: usize,
}

impl From<&Fingerprint> for Print {
    fn from(fingerprint: &Fingerprint) -> Self {
        let mut bytes = [0; 32];
        let digits = fingerprint.as_str().as_bytes();
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = pair.iter().fold(0, |value, digit| value << 4 | half(*digit));
        }
        Self { bytes, length: digits.len() / 2 }
    }
}

/// The value of a digit that [`Fingerprint`] has checked.
fn half(digit: u8) -> u8 {
    if digit.is_ascii_digit() { digit & 0xf } else { (digit & 0xf).wrapping_add(9) }
}

impl fmt::Display for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes.iter().take(self.length).try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Print({self})")
    }
}

impl Serialize for Print {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Print {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Fingerprint::deserialize(d).map(|fingerprint| Self::from(&fingerprint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_the_same_afterwards() {
        let v4 = "0123456789ABCDEF0123456789ABCDEF01234567";
        for digits in [v4.to_owned(), "F9".repeat(32), "0".repeat(40)] {
            let print = Print::from(&Fingerprint::parse(&digits).unwrap());
            assert_eq!(print.to_string(), digits);
            let line = serde_json::to_string(&print).unwrap();
            assert_eq!(serde_json::from_str::<Print>(&line).unwrap(), print);
        }
    }

    #[test]
    fn what_is_no_fingerprint_is_none_here_either() {
        for bad in ["\"\"", "\"0123\"", "\"0123456789abcdef0123456789abcdef01234567\"", "7", "null"] {
            assert!(serde_json::from_str::<Print>(bad).is_err(), "{bad}");
        }
    }
}
