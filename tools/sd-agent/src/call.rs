//! One method call as it came, and the replies to it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::Message;
use zbus::message::{Flags, Type};
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{self, DynamicType};

use crate::refusal::Refusal;

/// The largest call that is looked at, in bytes: a secret of the most bytes, its attributes, and room to spare.
const MAX_CALL: usize = 2 * 1024 * 1024;

/// A method call from a connection of the session bus.
pub(crate) struct Call {
    message: Message,
    /// Who made it: the bus puts this name there.
    pub(crate) sender: OwnedUniqueName,
    /// The object.
    pub(crate) path: String,
    /// The interface, which a caller may leave out.
    pub(crate) interface: Option<String>,
    /// The method.
    pub(crate) member: String,
}

impl Call {
    /// The call that a message is; `None` for everything else, and for calls without a sender, which no bus delivers.
    pub(crate) fn read(message: Message) -> Option<Self> {
        let header = message.header();
        if header.message_type() != Type::MethodCall {
            return None;
        }
        let sender = header.sender()?.to_owned().into();
        let path = header.path()?.as_str().to_owned();
        let interface = header.interface().map(|interface| interface.as_str().to_owned());
        let member = header.member()?.as_str().to_owned();
        drop(header);
        Some(Self { message, sender, path, interface, member })
    }

    /// The arguments, if they have exactly the types of `T`.
    pub(crate) fn arguments<T: DeserializeOwned + zvariant::Type>(&self) -> Result<T, Refusal> {
        let body = self.message.body();
        if body.len() > MAX_CALL {
            let text = format!("the call is {} bytes long, at most {MAX_CALL} are allowed", body.len());
            return Err(Refusal::limits_exceeded(text));
        }
        let expected = T::SIGNATURE.to_string_no_parens();
        if body.signature().to_string_no_parens() != expected {
            return Err(Refusal::invalid_args(format!("{} takes ({expected})", self.member)));
        }
        body.deserialize().map_err(|e| Refusal::invalid_args(e.to_string()))
    }

    /// That there are no arguments.
    pub(crate) fn no_arguments(&self) -> Result<(), Refusal> {
        if self.message.body().is_empty() {
            Ok(())
        } else {
            Err(Refusal::invalid_args(format!("{} takes no arguments", self.member)))
        }
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

    /// The error reply; `None` only if the name were none that D-Bus allows.
    pub(crate) fn error(&self, refusal: &Refusal) -> Option<Message> {
        Message::error(&self.message.header(), refusal.name).ok()?.build(&(refusal.text.as_str())).ok()
    }
}

#[cfg(test)]
mod tests {
    use zbus::zvariant::Signature;

    #[test]
    fn one_structure_has_the_signature_of_its_fields() {
        // What `SetSecret` relies on.
        let wire = |signature: &str| Signature::try_from(signature).unwrap().to_string_no_parens();
        assert_eq!(wire("(oayays)"), wire("oayays"));
    }
}
