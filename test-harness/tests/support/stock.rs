//! Many items at once, put into a collection by a program of the companion's own.

use std::collections::HashMap;

use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::companion::Companion;

const NAME: Option<&str> = Some("org.freedesktop.secrets");

impl Companion {
    /// Stores items `Item 1`, `Item 2`, … with the attribute `number` and these in a collection.
    pub(crate) fn stock(&self, collection: &str, count: usize, attributes: &[(&str, &str)]) {
        smol::block_on(self.stocked(collection, count, attributes)).unwrap();
    }

    async fn stocked(&self, collection: &str, count: usize, given: &[(&str, &str)]) -> zbus::Result<()> {
        let bus = zbus::connection::Builder::address(self.bus())?.build().await?;
        let service = Some("org.freedesktop.Secret.Service");
        let opened = bus
            .call_method(
                NAME,
                "/org/freedesktop/secrets",
                service,
                "OpenSession",
                &("plain", Value::from("")),
            )
            .await?;
        let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize()?;
        for number in 1..=count {
            let own = number.to_string();
            let mut attributes: HashMap<&str, &str> = given.iter().copied().collect();
            attributes.insert("number", &own);
            let properties = HashMap::from([
                ("org.freedesktop.Secret.Item.Label", Value::from(format!("Item {number}"))),
                ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
            ]);
            let secret = (&session, Vec::<u8>::new(), b"hunter2".to_vec(), "text/plain");
            let interface = Some("org.freedesktop.Secret.Collection");
            let body = (properties, secret, false);
            bus.call_method(NAME, collection, interface, "CreateItem", &body).await?;
        }
        Ok(())
    }
}
