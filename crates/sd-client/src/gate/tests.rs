//! Each call as it goes over the bus, held against the interface's XML.

use std::collections::BTreeMap;

use sd_sys::link::Link;
use zbus::Message;
use zbus::zvariant::Type;

use super::*;
use crate::call::refused;
use crate::listing::{Listing, SettledRows, WaitingRows};
use crate::watch::{CREATED, RESOLVED, SAYS};

const XML: &str = include_str!("../../../../policy/net.mowaka.SecretsDispatcher1.xml");

/// The value of an attribute of the element on this line.
fn attribute(line: &str, name: &str) -> Option<String> {
    let begin = line.find(&format!(" {name}=\""))? + name.len() + 3;
    line.get(begin..)?.split('"').next().map(str::to_owned)
}

/// Method name to (arguments in, arguments out). The file is ours and one element a line, so no XML library reads it.
fn interface() -> BTreeMap<String, (String, String)> {
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
        on_the_wire(&request::Import { manifest: &payload, collection: &collection, replace: false }),
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
        on_the_wire(&request::Signature { payload: &payload, objects: Some(&payload), key: "" }),
    ];
    let interface = interface();
    for (member, signature) in calls {
        let (arguments, results) =
            interface.get(member).unwrap_or_else(|| panic!("{member} is not in the XML"));
        assert_eq!((member, &signature), (member, arguments));
        assert_eq!(results, "s", "{member} returns the id");
    }
    assert_eq!(interface["Cancel"], ("s".to_owned(), String::new()));
    assert_eq!(interface["Subscribe"], (String::new(), String::new()));
    let listing = |member: &str, signature: &zbus::zvariant::Signature| {
        assert_eq!(interface[member], (String::new(), signature.to_string()), "{member}");
    };
    listing(WaitingRows::MEMBER, WaitingRows::SIGNATURE);
    listing(SettledRows::MEMBER, SettledRows::SIGNATURE);
}

#[test]
fn every_signal_and_property_that_is_read_is_in_the_xml() {
    let lines: Vec<_> = XML.lines().map(str::trim).collect();
    for (signal, signature) in [CREATED, SAYS, RESOLVED] {
        let opening = format!("<signal name=\"{signal}\">");
        let place = lines.iter().position(|line| *line == opening).unwrap();
        let arguments = lines[place + 1..].iter().take_while(|line| **line != "</signal>");
        let types: String = arguments.filter_map(|line| attribute(line, "type")).collect();
        assert_eq!(types, signature, "{signal}");
    }
    for (property, signature) in [("Version", "u"), ("Ready", "b"), ("Locked", "b"), ("Pending", "u")] {
        let opening = format!("<property name=\"{property}\" type=\"{signature}\" access=\"read\">");
        assert!(XML.contains(&opening) || XML.contains(&opening.replace("\">", "\"/>")), "{property}");
    }
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
    assert!(matches!(&refused, Failure::Full(sentence) if sentence == "64 requests wait already"));
    let unknown = error("net.mowaka.SecretsDispatcher1.Error.NoSuchRequest", "request 7 is not waiting");
    assert!(matches!(&unknown, Failure::NoSuch(sentence) if sentence == "request 7 is not waiting"));
    let unavailable = error("net.mowaka.SecretsDispatcher1.Error.Unavailable", "the screen is not running");
    assert!(
        matches!(&unavailable, Failure::Unavailable(sentence) if sentence == "the screen is not running")
    );
}

#[test]
fn what_somebody_must_start_first_is_told_apart_from_what_a_person_or_a_stage_refused() {
    use sd_wire::fault::{Fault, Stage};
    use sd_wire::outcome::What;
    let no_backend = What::Failed { stage: Stage::Fetch, why: Fault::Unavailable };
    let absent = [Failure::Absent, Failure::Unavailable("x".into()), Failure::Ended(no_backend)];
    assert!(absent.iter().all(Failure::is_absence));
    let hung = What::Failed { stage: Stage::Fetch, why: Fault::Timeout };
    let others = [Failure::Ended(What::Denied {}), Failure::Ended(hung), Failure::Lost, Failure::Timeout];
    assert!(!others.iter().any(Failure::is_absence));
}

#[test]
fn every_request_is_of_a_kind_that_an_ask_can_be() {
    use sd_wire::ask::Want;
    let kinds = [
        (request::Secret::KIND, Want::Read { item: item() }),
        (request::Access::KIND, Want::Access { items: Default::default() }),
        (request::Search::KIND, Want::Search { collection: None, attributes: Attributes::default() }),
        (request::Collections::KIND, Want::Collections {}),
        (request::Delete::KIND, Want::Delete { item: item() }),
        (request::Signature::KIND, Want::Sign { key: Default::default(), objects: false }),
        (request::Lock::KIND, Want::Lock {}),
        (request::Unlock::KIND, Want::Unlock {}),
    ];
    for (kind, want) in kinds {
        assert_eq!(kind, want.kind());
    }
    assert_eq!(request::Store::KIND, "store");
    assert_eq!(request::Import::KIND, "import");
}
