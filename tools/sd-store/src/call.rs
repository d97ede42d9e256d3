//! One method call as it came, and the replies to it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::Message;
use zbus::message::{Flags, Type};
use zbus::zvariant::{self, DynamicType};

use crate::refusal::Refusal;

/// The largest call that is looked at, in bytes: a secret of the most bytes, its attributes, and room to spare.
const MAX_CALL: usize = 2 * 1024 * 1024;

/// A method call from a connection of the companion's bus.
pub(crate) struct Call {
    message: Message,
    /// The unique name of who made it: the bus puts it there.
    pub(crate) sender: String,
    pub(crate) path: String,
    /// The interface; empty where it was left out.
    pub(crate) interface: String,
    pub(crate) member: String,
}

impl Call {
    /// The call that a message is; none for everything else, and without a sender, which no bus delivers.
    pub(crate) fn read(message: &Message) -> Option<Self> {
        let header = message.header();
        if header.message_type() != Type::MethodCall {
            return None;
        }
        Some(Self {
            sender: header.sender()?.to_string(),
            path: header.path()?.to_string(),
            interface: header.interface().map(ToString::to_string).unwrap_or_default(),
            member: header.member()?.to_string(),
            message: message.clone(),
        })
    }

    /// The arguments, if they have exactly the types of `T`.
    pub(crate) fn arguments<T: DeserializeOwned + zvariant::Type>(&self) -> Result<T, Refusal> {
        let body = self.message.body();
        if body.len() > MAX_CALL {
            return Err(Refusal::too_much(format!("a call has at most {MAX_CALL} bytes")));
        }
        let expected = T::SIGNATURE.to_string_no_parens();
        if body.signature().to_string_no_parens() != expected {
            return Err(Refusal::invalid(format!("{} takes ({expected})", self.member)));
        }
        body.deserialize().map_err(|e| Refusal::invalid(e.to_string()))
    }

    /// Whether the caller wants to hear how it ended.
    pub(crate) fn wants_reply(&self) -> bool {
        !self.message.primary_header().flags().contains(Flags::NoReplyExpected)
    }

    /// The reply with these results.
    pub(crate) fn reply<B: Serialize + DynamicType>(&self, results: &B) -> Result<Message, Refusal> {
        let failed = |e: zbus::Error| Refusal::failed(format!("the reply could not be written: {e}"));
        Message::method_return(&self.message.header()).map_err(failed)?.build(results).map_err(failed)
    }

    /// The error reply; none only if the name were none that D-Bus allows.
    pub(crate) fn error(&self, refusal: &Refusal) -> Option<Message> {
        Message::error(&self.message.header(), refusal.name).ok()?.build(&(refusal.text.as_str())).ok()
    }
}
