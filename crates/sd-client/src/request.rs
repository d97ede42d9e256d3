//! The gate's methods as this side calls them: one type a method, so that a test can hold each against the XML.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};

use sd_sys::payload::Payload;
use sd_wire::bounded::Attributes;
use sd_wire::path::{CollectionPath, ItemPath};
use serde::Serialize;
use zbus::zvariant::{DynamicType, Fd, ObjectPath};

use crate::Failure;
use crate::claims::Dictionary;

/// One of the gate's methods that take a sink and return an id.
pub(crate) trait Request {
    /// Its name.
    const MEMBER: &'static str;
    /// The kind of ask that comes of it, as [`sd_wire::ask::Want::kind`] has it.
    const KIND: &'static str;

    /// Its arguments.
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure>;
}

pub(crate) struct Secret<'a> {
    pub(crate) item: &'a ItemPath,
}

impl Request for Secret<'_> {
    const MEMBER: &'static str = "RequestSecret";
    const KIND: &'static str = "read";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), object(self.item.as_str())?, claims))
    }
}

pub(crate) struct Access<'a> {
    pub(crate) items: &'a [ItemPath],
}

impl Request for Access<'_> {
    const MEMBER: &'static str = "RequestAccess";
    const KIND: &'static str = "access";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        let items: Vec<_> = self.items.iter().map(|item| object(item.as_str())).collect::<Result<_, _>>()?;
        Ok((Fd::from(sink), items, claims))
    }
}

pub(crate) struct Search<'a> {
    pub(crate) collection: Option<&'a CollectionPath>,
    pub(crate) attributes: &'a Attributes,
}

impl Request for Search<'_> {
    const MEMBER: &'static str = "RequestSearch";
    const KIND: &'static str = "search";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), some(self.collection)?, strings(self.attributes), claims))
    }
}

pub(crate) struct Collections;

impl Request for Collections {
    const MEMBER: &'static str = "RequestCollections";
    const KIND: &'static str = "collections";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), claims))
    }
}

pub(crate) struct Store<'a> {
    pub(crate) collection: &'a CollectionPath,
    pub(crate) label: &'a str,
    pub(crate) attributes: &'a Attributes,
    pub(crate) content_type: &'a str,
    pub(crate) replace: bool,
}

impl Request for Store<'_> {
    const MEMBER: &'static str = "RequestStore";
    const KIND: &'static str = "store";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        let collection = object(self.collection.as_str())?;
        let attributes = strings(self.attributes);
        Ok((Fd::from(sink), collection, self.label, attributes, self.content_type, self.replace, claims))
    }
}

pub(crate) struct Import<'a> {
    pub(crate) manifest: &'a Payload,
    pub(crate) collection: &'a CollectionPath,
    pub(crate) replace: bool,
}

impl Request for Import<'_> {
    const MEMBER: &'static str = "RequestImport";
    const KIND: &'static str = "import";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        let (manifest, collection) = (Fd::from(self.manifest.as_fd()), object(self.collection.as_str())?);
        Ok((Fd::from(sink), manifest, collection, self.replace, claims))
    }
}

pub(crate) struct Delete<'a> {
    pub(crate) item: &'a ItemPath,
}

impl Request for Delete<'_> {
    const MEMBER: &'static str = "RequestDelete";
    const KIND: &'static str = "delete";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), object(self.item.as_str())?, claims))
    }
}

pub(crate) struct List<'a> {
    pub(crate) collection: Option<&'a CollectionPath>,
}

impl Request for List<'_> {
    const MEMBER: &'static str = "RequestList";
    const KIND: &'static str = "list";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), some(self.collection)?, claims))
    }
}

pub(crate) struct SetSecret<'a> {
    pub(crate) item: &'a ItemPath,
    pub(crate) content_type: &'a str,
}

impl Request for SetSecret<'_> {
    const MEMBER: &'static str = "RequestSetSecret";
    const KIND: &'static str = "set";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), object(self.item.as_str())?, self.content_type, claims))
    }
}

pub(crate) struct SetLabel<'a> {
    /// Of an item or of a collection.
    pub(crate) path: &'a str,
    pub(crate) label: &'a str,
}

impl Request for SetLabel<'_> {
    const MEMBER: &'static str = "RequestSetLabel";
    const KIND: &'static str = "change";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), object(self.path)?, self.label, claims))
    }
}

pub(crate) struct SetAttributes<'a> {
    pub(crate) item: &'a ItemPath,
    pub(crate) attributes: &'a Attributes,
}

impl Request for SetAttributes<'_> {
    const MEMBER: &'static str = "RequestSetAttributes";
    const KIND: &'static str = "change";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), object(self.item.as_str())?, strings(self.attributes), claims))
    }
}

pub(crate) struct SetAlias<'a> {
    pub(crate) name: &'a str,
    pub(crate) collection: Option<&'a CollectionPath>,
}

impl Request for SetAlias<'_> {
    const MEMBER: &'static str = "RequestSetAlias";
    const KIND: &'static str = "change";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), self.name, some(self.collection)?, claims))
    }
}

pub(crate) struct CreateCollection<'a> {
    pub(crate) label: &'a str,
    pub(crate) alias: &'a str,
}

impl Request for CreateCollection<'_> {
    const MEMBER: &'static str = "RequestCreateCollection";
    const KIND: &'static str = "change";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), self.label, self.alias, claims))
    }
}

pub(crate) struct DeleteCollection<'a> {
    pub(crate) collection: &'a CollectionPath,
}

impl Request for DeleteCollection<'_> {
    const MEMBER: &'static str = "RequestDeleteCollection";
    const KIND: &'static str = "change";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), object(self.collection.as_str())?, claims))
    }
}

pub(crate) struct Signature<'a> {
    pub(crate) payload: &'a Payload,
    pub(crate) objects: Option<&'a Payload>,
    pub(crate) key: &'a str,
}

impl Request for Signature<'_> {
    const MEMBER: &'static str = "RequestSignature";
    const KIND: &'static str = "sign";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        mut claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        if let Some(objects) = self.objects {
            claims.insert("objects", Fd::from(objects.as_fd().try_clone_to_owned()?).into());
        }
        Ok((Fd::from(sink), Fd::from(self.payload.as_fd()), self.key, claims))
    }
}

pub(crate) struct Lock;

impl Request for Lock {
    const MEMBER: &'static str = "Lock";
    const KIND: &'static str = "lock";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), claims))
    }
}

pub(crate) struct Unlock;

impl Request for Unlock {
    const MEMBER: &'static str = "Unlock";
    const KIND: &'static str = "unlock";
    fn body(
        &self,
        sink: BorrowedFd<'_>,
        claims: Dictionary<'_>,
    ) -> Result<impl Serialize + DynamicType, Failure> {
        Ok((Fd::from(sink), claims))
    }
}

fn object(path: &str) -> Result<ObjectPath<'_>, Failure> {
    ObjectPath::try_from(path)
        .map_err(|e| Failure::Misconfigured(format!("{path} is not an object path: {e}")))
}

/// A collection, or `/` for none.
fn some(collection: Option<&CollectionPath>) -> Result<ObjectPath<'_>, Failure> {
    object(collection.map_or("/", CollectionPath::as_str))
}

fn strings(attributes: &Attributes) -> BTreeMap<&str, &str> {
    attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
