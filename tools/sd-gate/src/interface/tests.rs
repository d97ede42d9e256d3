//! The interface that is served is the one that is described.

use std::collections::BTreeMap;
use std::sync::Arc;

use sd_wire::parties::Parties;

use zbus::object_server::Interface as _;
use zbus_xml::{Interface, Node};

use super::*;
use crate::decide::Decide;

const DESCRIPTION: &str = include_str!("../../../../policy/net.mowaka.SecretsDispatcher1.xml");

fn served() -> String {
    let parties = Parties { desktop: 1, gate: 2, decide: 3, companion: 4, audit: None };
    let decide = Decide::at(std::path::Path::new("/nowhere"), 3);
    let mut xml = String::from("<node>");
    Gate::new(parties, decide, Arc::default()).introspect_to_writer(&mut xml, 0);
    xml + "</node>"
}

/// Everything that a client could notice, one entry a member.
fn members(interface: &Interface<'_>) -> BTreeMap<String, String> {
    let methods = interface.methods().iter().map(|m| {
        let args: Vec<_> = m.args().iter().map(|a| format!("{:?} {:?}", a.direction(), a.ty())).collect();
        (format!("method {}", m.name()), args.join(", "))
    });
    let signals = interface.signals().iter().map(|s| {
        let args: Vec<_> = s.args().iter().map(|a| format!("{:?} {:?}", a.name(), a.ty())).collect();
        (format!("signal {}", s.name()), args.join(", "))
    });
    let properties = interface
        .properties()
        .iter()
        .map(|p| (format!("property {}", p.name()), format!("{:?} {:?}", p.ty(), p.access())));
    methods.chain(signals).chain(properties).collect()
}

#[test]
fn the_gate_serves_exactly_the_interface_that_policy_describes() {
    let described = Node::from_reader(DESCRIPTION.as_bytes()).unwrap();
    let served = served();
    let served = Node::from_reader(served.as_bytes()).unwrap();
    let (described, served) = (&described.interfaces()[0], &served.interfaces()[0]);
    assert_eq!(described.name(), served.name());
    assert_eq!(members(described), members(served));
}

#[test]
fn no_method_approves() {
    let described = Node::from_reader(DESCRIPTION.as_bytes()).unwrap();
    for method in described.interfaces()[0].methods() {
        let name = method.name().to_lowercase();
        for word in ["approve", "grant", "allow", "answer", "confirm", "yes"] {
            assert!(!name.contains(word), "{name}");
        }
    }
}
