//! org.freedesktop.DBus.Introspectable: what each object offers.

use zbus::Message;

use crate::dispatch::{Turn, own_interface};
use crate::place::Place;
use crate::refusal::Refusal;

pub(crate) const INTERFACE: &str = "org.freedesktop.DBus.Introspectable";

pub(crate) fn answer(turn: &Turn<'_>, place: &Place) -> Result<Message, Refusal> {
    if turn.call.member != "Introspect" {
        return turn.no_such_method();
    }
    turn.call.reply(&(node(place).as_str()))
}

fn node(place: &Place) -> String {
    let (methods, signals, properties): (&[Member], &[Member], &[Property]) = match place {
        Place::Service => (
            &[
                ("OpenSession", "sv", "vo"),
                ("CreateCollection", "a{sv} s", "oo"),
                ("SearchItems", "a{ss}", "ao ao"),
                ("Unlock", "ao", "ao o"),
                ("Lock", "ao", "ao o"),
                ("GetSecrets", "ao o", "a{o(oayays)}"),
                ("ReadAlias", "s", "o"),
                ("SetAlias", "so", ""),
            ],
            &[("CollectionCreated", "", "o"), ("CollectionDeleted", "", "o"), ("CollectionChanged", "", "o")],
            &[("Collections", "ao", false)],
        ),
        Place::Collection(_) | Place::Alias(_) => (
            &[("Delete", "", "o"), ("SearchItems", "a{ss}", "ao"), ("CreateItem", "a{sv} (oayays) b", "oo")],
            &[("ItemCreated", "", "o"), ("ItemDeleted", "", "o"), ("ItemChanged", "", "o")],
            &[
                ("Items", "ao", false),
                ("Label", "s", true),
                ("Locked", "b", false),
                ("Created", "t", false),
                ("Modified", "t", false),
            ],
        ),
        Place::Item(..) | Place::AliasItem(..) => (
            &[("Delete", "", "o"), ("GetSecret", "o", "(oayays)"), ("SetSecret", "(oayays)", "")],
            &[],
            &[
                ("Locked", "b", false),
                ("Attributes", "a{ss}", true),
                ("Label", "s", true),
                ("Created", "t", false),
                ("Modified", "t", false),
            ],
        ),
        Place::Session(_) => (&[("Close", "", "")], &[], &[]),
        Place::Prompt(_) => (&[("Prompt", "s", ""), ("Dismiss", "", "")], &[("Completed", "", "bv")], &[]),
    };
    let mut xml = format!("<node>\n <interface name=\"{}\">\n", own_interface(place));
    for (kind, members) in [("method", methods), ("signal", signals)] {
        for (name, takes, gives) in members {
            xml += &format!("  <{kind} name=\"{name}\">\n");
            for (direction, types) in [("in", takes), ("out", gives)] {
                // A signal's arguments have no direction.
                let direction =
                    if kind == "signal" { String::new() } else { format!(" direction=\"{direction}\"") };
                for one in each(types) {
                    xml += &format!("   <arg type=\"{one}\"{direction}/>\n");
                }
            }
            xml += &format!("  </{kind}>\n");
        }
    }
    for (name, kind, writable) in properties {
        let access = if *writable { "readwrite" } else { "read" };
        xml += &format!("  <property name=\"{name}\" type=\"{kind}\" access=\"{access}\"/>\n");
    }
    xml + " </interface>\n</node>\n"
}

/// A name, what it takes, what it gives: types one letter each, or with blanks between.
type Member = (&'static str, &'static str, &'static str);
/// A name, its type, whether it can be set.
type Property = (&'static str, &'static str, bool);

fn each(types: &str) -> Vec<String> {
    if types.contains([' ', '{', '(', 'a']) {
        return types.split_whitespace().map(str::to_owned).collect();
    }
    types.chars().map(String::from).collect()
}
