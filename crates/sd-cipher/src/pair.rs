//! One end's pair of keys for a session, and what two ends agree on by theirs: Diffie and Hellman in the second Oakley
//! group (RFC 2409, section 6.2), the agreed number made a key by HKDF with SHA-256 (specification, "Transfer of Secrets").
//!
//! The arithmetic is crypto-bigint's, and takes as long for one private key as for another.

use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{U256, U1024, const_monty_params};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::key::Key;
use crate::{Cipher, NoAgreement, PUBLIC_KEY};

const_monty_params!(
    Prime,
    U1024,
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff",
    "2^1024 - 2^960 - 1 + 2^64 * ([2^894 pi] + 129093), of the group whose generator is 2."
);

/// A number of the group, as crypto-bigint multiplies it.
type Number = ConstMontyForm<Prime, { U1024::LIMBS }>;

/// The bytes of a private key. Twice as many bits as the group is strong are enough in a group like this one (RFC 7919,
/// section 5.2); the group is worth about 80. As many as its prime has would take four times as long.
const PRIVATE_KEY: usize = 32;

/// A private key and its public one. The private one is wiped when it is dropped.
pub struct Pair {
    private: Zeroizing<U256>,
    public: [u8; PUBLIC_KEY],
}

impl Pair {
    /// A new one, of random bytes of the kernel's.
    ///
    /// # Errors
    /// [`NoAgreement::Failed`] when the kernel gives no random bytes.
    pub fn new() -> Result<Self, NoAgreement> {
        let mut bytes = Zeroizing::new([0; PRIVATE_KEY]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| NoAgreement::Failed)?;
        let private = Zeroizing::new(U256::from_be_slice(bytes.as_slice()));
        let public = Number::new(&U1024::from_u8(2)).pow(&private).retrieve().to_be_bytes().into();
        Ok(Self { private, public })
    }

    /// What the other end is told: exactly [`PUBLIC_KEY`] bytes, or some clients fail now and then (KDE 514194).
    #[must_use]
    pub fn public(&self) -> &[u8; PUBLIC_KEY] {
        &self.public
    }

    /// What both ends encrypt with, from what the other end told.
    ///
    /// # Errors
    /// [`NoAgreement::WrongLength`] when that is empty, or longer than the group's prime.
    pub fn agrees(&self, theirs: &[u8]) -> Result<Cipher, NoAgreement> {
        let theirs = padded(theirs).ok_or(NoAgreement::WrongLength)?;
        let shared = Number::new(&U1024::from_be_slice(&theirs)).pow(&self.private);
        let shared = Zeroizing::new(<[u8; PUBLIC_KEY]>::from(shared.retrieve().to_be_bytes()));
        let key = Key::made(|key| Hkdf::<Sha256>::new(None, shared.as_slice()).expand(&[], key));
        key.map(Cipher::Dh).map_err(|_| NoAgreement::Failed)
    }
}

/// A public key with its leading zeros, if it has a length that one may have.
fn padded(theirs: &[u8]) -> Option<[u8; PUBLIC_KEY]> {
    let mut padded = [0; PUBLIC_KEY];
    let zeros = PUBLIC_KEY.checked_sub(theirs.len()).filter(|zeros| *zeros < PUBLIC_KEY)?;
    padded.get_mut(zeros..)?.copy_from_slice(theirs);
    Some(padded)
}

#[cfg(test)]
mod tests {
    use crypto_bigint::modular::ConstMontyParams;
    use oo7::Key as Theirs;

    use super::*;

    /// The bytes of a number, as long as any of the group.
    fn bytes(number: &U1024) -> [u8; PUBLIC_KEY] {
        number.to_be_bytes().into()
    }

    fn key(agreed: Result<Cipher, NoAgreement>) -> Vec<u8> {
        let Ok(Cipher::Dh(key)) = agreed else { panic!("not encrypted") };
        key.bytes().to_vec()
    }

    #[test]
    fn oo7_has_the_same_public_key_and_agrees_on_the_same() {
        for _ in 0..5 {
            let ours = Pair::new().unwrap();
            let private = Theirs::new(ours.private.to_be_bytes().as_ref().to_vec());
            let public = Theirs::generate_public_key(&private).unwrap();
            assert_eq!(
                U1024::from_be_slice(ours.public()),
                U1024::from_be_slice(&padded(public.as_ref()).unwrap())
            );

            let private = Theirs::generate_private_key().unwrap();
            let public = Theirs::generate_public_key(&private).unwrap();
            let agreed = Theirs::generate_aes_key(&private, &Theirs::new(ours.public().to_vec())).unwrap();
            assert_eq!(key(ours.agrees(public.as_ref())), agreed.as_ref());
        }
    }

    #[test]
    fn a_number_beyond_the_prime_is_what_is_left_of_it() {
        let pair = Pair::new().unwrap();
        let beyond = Prime::PARAMS.modulus().as_ref().wrapping_add(&U1024::from_u8(3));
        assert_eq!(key(pair.agrees(&bytes(&beyond))), key(pair.agrees(&[3])));
        let most = U1024::MAX.wrapping_sub(Prime::PARAMS.modulus().as_ref());
        assert_eq!(key(pair.agrees(&[0xff; PUBLIC_KEY])), key(pair.agrees(&bytes(&most))));
    }

    #[test]
    fn leading_zeros_make_no_difference_and_are_always_told() {
        let pair = Pair::new().unwrap();
        assert_eq!(key(pair.agrees(&[0, 0, 5])), key(pair.agrees(&[5])));
        assert_eq!(key(pair.agrees(&bytes(&U1024::from_u8(5)))), key(pair.agrees(&[5])));
        for wrong in [&[][..], &[1; PUBLIC_KEY + 1]] {
            assert!(matches!(pair.agrees(wrong), Err(NoAgreement::WrongLength)));
        }
    }

    #[test]
    fn no_two_pairs_are_the_same_and_each_has_all_of_its_bits() {
        let pairs: Vec<Pair> = (0..8).map(|_| Pair::new().unwrap()).collect();
        for (n, pair) in pairs.iter().enumerate() {
            assert!(pairs.iter().skip(n + 1).all(|other| other.private != pair.private));
        }
        let longest = pairs.iter().map(|pair| pair.private.bit_width_vartime()).max();
        assert!(longest > Some(8 * 31));
    }
}
