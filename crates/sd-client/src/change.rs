//! The gate's methods that change something which is no secret.

use sd_wire::bounded::Attributes;
use sd_wire::change::Change;
use sd_wire::claims::Claims;
use sd_wire::deadline;
use sd_wire::outcome::Granted;
use sd_wire::path::{CollectionPath, ItemPath};

use crate::gate::unasked;
use crate::request::{self, Request};
use crate::{Failure, Gate};

impl Gate {
    /// Makes a change, by the method that is for it; returns the path of the collection if it was to make one.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn change(&self, change: &Change, claims: &Claims) -> Result<Option<CollectionPath>, Failure> {
        let done = |()| None;
        match change {
            Change::ItemLabel { item, label } => self.set_label(item.as_str(), label, claims).await.map(done),
            Change::CollectionLabel { collection, label } => {
                self.set_label(collection.as_str(), label, claims).await.map(done)
            }
            Change::ItemAttributes { item, attributes } => {
                self.set_attributes(item, attributes, claims).await.map(done)
            }
            Change::Alias { name, collection } => {
                self.set_alias(name, collection.as_ref(), claims).await.map(done)
            }
            Change::CreateCollection { label, alias } => {
                self.create_collection(label, alias, claims).await.map(Some)
            }
            Change::DeleteCollection { collection } => {
                self.delete_collection(collection, claims).await.map(done)
            }
        }
    }

    /// Gives another label to the item or the collection at `path`.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn set_label(&self, path: &str, label: &str, claims: &Claims) -> Result<(), Failure> {
        self.changed(&request::SetLabel { path, label }, claims).await.map(drop)
    }

    /// Gives other attributes to an item, instead of all that it has.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn set_attributes(
        &self,
        item: &ItemPath,
        attributes: &Attributes,
        claims: &Claims,
    ) -> Result<(), Failure> {
        self.changed(&request::SetAttributes { item, attributes }, claims).await.map(drop)
    }

    /// Has an alias point to a collection, or nowhere any more.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn set_alias(
        &self,
        name: &str,
        collection: Option<&CollectionPath>,
        claims: &Claims,
    ) -> Result<(), Failure> {
        self.changed(&request::SetAlias { name, collection }, claims).await.map(drop)
    }

    /// Makes a collection, and has an alias point to it unless `alias` is empty; returns the collection's path.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn create_collection(
        &self,
        label: &str,
        alias: &str,
        claims: &Claims,
    ) -> Result<CollectionPath, Failure> {
        let made = self.changed(&request::CreateCollection { label, alias }, claims).await?;
        made.ok_or_else(|| Failure::Garbled("it does not say which collection was made".into()))
    }

    /// Deletes a collection, and every item in it.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn delete_collection(
        &self,
        collection: &CollectionPath,
        claims: &Claims,
    ) -> Result<(), Failure> {
        self.changed(&request::DeleteCollection { collection }, claims).await.map(drop)
    }

    async fn changed<R: Request>(
        &self,
        request: &R,
        claims: &Claims,
    ) -> Result<Option<CollectionPath>, Failure> {
        match self.ask(request, claims, deadline::REQUESTER).await?.granted().await? {
            Granted::Changed { collection } => Ok(collection),
            other => Err(unasked(&other)),
        }
    }
}
