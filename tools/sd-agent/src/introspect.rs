//! org.freedesktop.DBus.Introspectable: what each object offers. Names of sessions, prompts and items are not told.

use zbus::Message;

use crate::dispatch::Turn;
use crate::place::Place;
use crate::refusal::Refusal;

pub(crate) const INTERFACE: &str = "org.freedesktop.DBus.Introspectable";

pub(crate) const SERVICE: &str = include_str!("../interfaces/org.freedesktop.Secret.Service.xml");
pub(crate) const COLLECTION: &str = include_str!("../interfaces/org.freedesktop.Secret.Collection.xml");
pub(crate) const ITEM: &str = include_str!("../interfaces/org.freedesktop.Secret.Item.xml");
pub(crate) const SESSION: &str = include_str!("../interfaces/org.freedesktop.Secret.Session.xml");
pub(crate) const PROMPT: &str = include_str!("../interfaces/org.freedesktop.Secret.Prompt.xml");
const STANDARD: &str = include_str!("../interfaces/standard.xml");

pub(crate) fn answer(turn: &Turn<'_>, place: &Place) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "Introspect" => {
            turn.call.no_arguments()?;
            turn.call.reply(&(node(place).as_str()))
        }
        _ => Err(turn.no_such_method()),
    }
}

fn node(place: &Place) -> String {
    let (interface, children): (&str, &[&str]) = match place {
        Place::Above(children) => ("", children),
        Place::Service => (SERVICE, &["aliases", "collection", "prompt", "session"]),
        Place::Collection(_) => (COLLECTION, &[]),
        Place::Item(_) => (ITEM, &[]),
        Place::Session(_) => (SESSION, &[]),
        Place::Prompt(_) => (PROMPT, &[]),
    };
    let children: String = children.iter().map(|child| format!("  <node name=\"{child}\"/>\n")).collect();
    format!("{DOCTYPE}<node>\n{interface}{STANDARD}{children}</node>\n")
}

const DOCTYPE: &str = "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n \
                       \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n";
