//! Storing many items by one yes: each is stored, read back and compared, and what became of it is told at once.
//!
//! Items that are the same thing ([`plan::Thing`]) are settled together. Whoever has been imported already is found by
//! its secret, so that an import which was cut short can be made again, also of a keyring that has two of a kind.

pub(crate) mod plan;

use sd_sys::secret::Secret;
use sd_wire::description::Description;
use sd_wire::fault::Fault;
use sd_wire::fetch::Shown;
use sd_wire::import::{Fate, Listed, Manifest, Plan};
use sd_wire::path::ItemPath;
use zbus::zvariant::OwnedObjectPath;

use crate::backend::Backend;
use crate::change::kept;
use crate::import::plan::Thing;
use crate::release::{self, without_prompt};
use crate::session::Session;
use crate::store::{self, NewItem};

/// An import that a person has approved.
pub(crate) struct Import<'a> {
    pub(crate) backend: &'a Backend,
    pub(crate) session: &'a Session,
    pub(crate) plan: &'a Plan,
    pub(crate) replace: bool,
}

/// One of the items that are to be stored.
struct New<'a> {
    n: u32,
    item: &'a Listed,
    secret: &'a [u8],
}

/// One that is there, and its secret.
struct There<'a> {
    item: &'a Description,
    /// `None` when it cannot be had: then it is not the same as any.
    secret: Option<Secret>,
}

/// The secrets of all, by the lengths of the manifest, where they are: locked memory is little.
fn apart<'a>(manifest: &Manifest, all: &'a Secret) -> Result<Vec<&'a [u8]>, Fault> {
    let mut rest = all.expose();
    let mut apart = Vec::with_capacity(manifest.items.len());
    for item in manifest.items.iter() {
        let len = usize::try_from(item.len).map_err(|_| Fault::Malformed)?;
        let (one, after) = rest.split_at_checked(len).ok_or(Fault::Malformed)?;
        apart.push(one);
        rest = after;
    }
    if rest.is_empty() { Ok(apart) } else { Err(Fault::Malformed) }
}

impl Import<'_> {
    /// Settles every item, and tells of each.
    ///
    /// # Errors
    /// What `tell` says, and what leaves no hope for the others: then the rest is not touched.
    pub(crate) async fn items(
        &self,
        manifest: &Manifest,
        secrets: &Secret,
        mut tell: impl FnMut(u32, Fate) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut things: Vec<(Thing<'_>, Vec<New<'_>>)> = Vec::new();
        for ((n, item), secret) in (0_u32..).zip(manifest.items.iter()).zip(apart(manifest, secrets)?) {
            let (thing, new) = (Thing::of(&item.label, &item.attributes), New { n, item, secret });
            match things.iter_mut().find(|(other, _)| *other == thing) {
                Some((_, of_a_kind)) => of_a_kind.push(new),
                None => things.push((thing, vec![new])),
            }
        }
        for (_, of_a_kind) in things {
            self.thing(of_a_kind, &mut tell).await?;
        }
        Ok(())
    }

    async fn thing(
        &self,
        of_a_kind: Vec<New<'_>>,
        tell: &mut impl FnMut(u32, Fate) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let first = of_a_kind.first().map(|new| new.n);
        let mut there = Vec::new();
        for met in self.plan.met.iter().filter(|met| Some(met.n) == first) {
            let secret = match release::read(self.backend, self.session, &met.there.item).await {
                Ok((secret, _)) => Some(secret),
                Err(why) if is_its_own(why) => None,
                Err(why) => return Err(why),
            };
            there.push(There { item: &met.there, secret });
        }
        let mut rest = Vec::new();
        for new in of_a_kind {
            let like = |it: &There<'_>| it.secret.as_ref().is_some_and(|its| its.expose() == new.secret);
            match there.iter().position(like) {
                Some(place) => {
                    // Each stands for one: two alike in the manifest become two alike here.
                    there.swap_remove(place);
                    tell(new.n, Fate::There {})?;
                }
                None => rest.push(new),
            }
        }
        let conflict = !there.is_empty() && !self.replace;
        let mut instead_of = there.into_iter();
        for new in rest {
            let fate = if conflict {
                Fate::Conflict {}
            } else {
                match self.one(&new, instead_of.next().map(|there| there.item)).await {
                    Ok(fate) => fate,
                    Err(why) if is_its_own(why) => Fate::Failed { why },
                    Err(why) => return Err(why),
                }
            };
            tell(new.n, fate)?;
        }
        Ok(())
    }

    /// Stores one item and looks whether it is there.
    async fn one(&self, new: &New<'_>, instead_of: Option<&Description>) -> Result<Fate, Fault> {
        let replaces = instead_of.map(|it| Shown { item: it.item.clone(), digest: it.digest() });
        let Listed { label, attributes, content_type, .. } = new.item;
        let mut secret = Secret::with_capacity(new.secret.len()).map_err(|_| Fault::Unavailable)?;
        secret.push(new.secret).map_err(|_| Fault::TooLarge)?;
        let collection = &self.plan.collection;
        let to_be = NewItem { collection, label, attributes, content_type, replaces: replaces.as_ref() };
        if replaces.is_some() {
            let path = store::put(self.backend, &to_be, &secret).await?;
            self.look(new, &path).await?;
            return Ok(Fate::Replaced {});
        }
        let path = store::create(self.backend, self.session, &to_be, &secret).await?;
        match self.look(new, &path).await {
            Ok(()) => Ok(Fate::Stored {}),
            Err(why) => {
                // What is not as it was given must not pass for it when the import is made again.
                if let Err(why) = self.take_away(&path).await {
                    sd_journal::warning(format!("{path} is left behind: {why}"));
                }
                Err(why)
            }
        }
    }

    async fn look(&self, new: &New<'_>, path: &ItemPath) -> Result<(), Fault> {
        let is = self.backend.describe_in(path, self.plan.label.clone()).await?;
        let secret = release::read(self.backend, self.session, path).await?.0;
        let same_words = is.label == new.item.label && plan::has(&is.attributes, &new.item.attributes);
        kept(same_words && secret.expose() == new.secret, path.as_str())
    }

    async fn take_away(&self, path: &ItemPath) -> Result<(), Fault> {
        let wanted: OwnedObjectPath =
            self.backend.call(path.as_str(), "org.freedesktop.Secret.Item", "Delete", &()).await?;
        without_prompt(&wanted)
    }
}

/// Whether a fault says nothing about the items that come after.
fn is_its_own(why: Fault) -> bool {
    matches!(why, Fault::TooLarge | Fault::Malformed | Fault::Refused | Fault::Changed | Fault::NotFound)
}

#[cfg(test)]
mod tests {
    use sd_wire::bounded::{Attributes, List, Text};

    use super::*;

    fn manifest(lens: &[u32]) -> Manifest {
        let item = |len: &u32| Listed {
            label: Text::default(),
            attributes: Attributes::default(),
            content_type: Text::default(),
            len: *len,
        };
        Manifest { items: List::new(lens.iter().map(item).collect()).unwrap() }
    }

    fn secret(bytes: &[u8]) -> Secret {
        let mut secret = Secret::with_capacity(bytes.len()).unwrap();
        secret.push(bytes).unwrap();
        secret
    }

    #[test]
    fn secrets_are_told_apart_by_their_lengths_and_nothing_is_left_over() {
        let all = secret(b"abcde");
        assert_eq!(apart(&manifest(&[2, 0, 3]), &all).unwrap(), [&b"ab"[..], b"", b"cde"]);
        assert_eq!(apart(&manifest(&[2]), &secret(b"abc")).unwrap_err(), Fault::Malformed);
        assert_eq!(apart(&manifest(&[4]), &secret(b"abc")).unwrap_err(), Fault::Malformed);
    }

    #[test]
    fn a_backend_that_is_gone_ends_the_import_and_an_item_that_it_refuses_does_not() {
        assert!(is_its_own(Fault::Refused) && is_its_own(Fault::TooLarge));
        assert!(!is_its_own(Fault::Unavailable) && !is_its_own(Fault::Timeout) && !is_its_own(Fault::Locked));
    }
}
