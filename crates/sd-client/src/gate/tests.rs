//! Each call as it goes over the bus, held against the interface's XML.

use std::collections::BTreeMap;

use sd_sys::link::Link;
use zbus::Message;

use super::*;

const XML: &str = include_str!("../../../../policy/net.mowaka.SecretsDispatcher1.xml");

/// Method name to (arguments in, arguments out). The file is ours and one element a line, so no XML library reads it.
fn interface() -> BTreeMap<String, (String, String)> {
    let attribute = |line: &str, name: &str| {
        let begin = line.find(&format!(" {name}=\""))? + name.len() + 3;
        line.get(begin..)?.split('"').next().map(str::to_owned)
    };
    let mut methods = BTreeMap::new();
    let mut open: Option<String> = None;
    for line in XML.lines().map(str::trim) {
        if line.starts_with("<method ") {
            let name = attribute(line, "name").unwrap();
            methods.insert(name.clone(), (String::new(), String::new()));
            open = (!line.ends_with("/>")).then_some(name);
        } else if line.starts_with("</method>") {
            open = None;
        } else if let (Some(method), true) = (&open, line.starts_with("<arg ")) {
            let (arguments, results) = methods.get_mut(method).unwrap();
            let to = if attribute(line, "direction").as_deref() == Some("in") { arguments } else { results };
            to.push_str(&attribute(line, "type").unwrap());
        }
    }
    methods
}

fn item() -> ItemPath {
    ItemPath::parse("/org/freedesktop/secrets/collection/login/1").unwrap()
}

fn collection() -> CollectionPath {
    CollectionPath::parse("/org/freedesktop/secrets/aliases/default").unwrap()
}

/// The method's name and the signature that a call of it has on the wire.
fn on_the_wire<R: Request>(request: &R) -> (&'static str, String) {
    let (_ours, sink) = Link::pair().unwrap();
    let claims = Claims::default();
    let body = request.body(sink.as_fd(), dictionary(&claims)).unwrap();
    let message = Message::method_call(OBJECT, R::MEMBER).unwrap().build(&body).unwrap();
    (R::MEMBER, message.header().signature().to_string_no_parens())
}

#[test]
fn every_call_has_the_name_and_signature_that_the_xml_gives() {
    let attributes = Attributes::new([("service".to_owned(), "bank".to_owned())]).unwrap();
    let payload = Payload::seal(b"tree").unwrap();
    let (item, collection) = (item(), collection());
    let store = request::Store {
        collection: &collection,
        label: "label",
        attributes: &attributes,
        content_type: "text/plain",
        replace: true,
    };
    let calls = [
        on_the_wire(&request::Secret { item: &item }),
        on_the_wire(&request::Access { items: std::slice::from_ref(&item) }),
        on_the_wire(&request::Search { collection: None, attributes: &attributes }),
        on_the_wire(&request::Search { collection: Some(&collection), attributes: &attributes }),
        on_the_wire(&request::Collections),
        on_the_wire(&store),
        on_the_wire(&request::Delete { item: &item }),
        on_the_wire(&request::List { collection: None }),
        on_the_wire(&request::SetSecret { item: &item, content_type: "text/plain" }),
        on_the_wire(&request::SetLabel { path: item.as_str(), label: "label" }),
        on_the_wire(&request::SetAttributes { item: &item, attributes: &attributes }),
        on_the_wire(&request::SetAlias { name: "default", collection: Some(&collection) }),
        on_the_wire(&request::CreateCollection { label: "label", alias: "" }),
        on_the_wire(&request::DeleteCollection { collection: &collection }),
        on_the_wire(&request::Lock),
        on_the_wire(&request::Unlock),
        on_the_wire(&request::Signature { payload: &payload, key: "" }),
    ];
    let interface = interface();
    for (member, signature) in calls {
        let (arguments, results) =
            interface.get(member).unwrap_or_else(|| panic!("{member} is not in the XML"));
        assert_eq!((member, &signature), (member, arguments));
        assert_eq!(results, "s", "{member} returns the id");
    }
    assert_eq!(interface["Cancel"], ("s".to_owned(), String::new()));
}

#[test]
fn the_xml_names_the_interface_and_object_that_are_called() {
    assert!(XML.contains(&format!("<interface name=\"{INTERFACE}\">")));
    assert!(XML.contains(&format!("<node name=\"{OBJECT}\">")));
}

#[test]
fn a_gate_that_is_gone_is_told_apart_from_one_that_refuses() {
    let error = |name: &str, sentence: &str| {
        let call = Message::method_call(OBJECT, "RequestSecret").unwrap().build(&()).unwrap();
        let message = Message::error(&call.header(), name.to_owned()).unwrap().build(&(sentence)).unwrap();
        refused(message.into())
    };
    let absent = error("org.freedesktop.DBus.Error.ServiceUnknown", "The name is not activatable");
    assert!(matches!(absent, Failure::Absent));
    let refused = error("net.mowaka.SecretsDispatcher1.Error.TooMany", "64 requests wait already");
    assert!(matches!(&refused, Failure::Refused(sentence) if sentence == "64 requests wait already"));
}
