//! org.freedesktop.DBus.Peer: answered at every path.

use zbus::Message;

use crate::call::Call;
use crate::dispatch::no_such_method;
use crate::refusal::Refusal;

pub(crate) const INTERFACE: &str = "org.freedesktop.DBus.Peer";

pub(crate) fn answer(call: &Call) -> Result<Message, Refusal> {
    call.no_arguments()?;
    match call.member.as_str() {
        "Ping" => call.reply(&()),
        "GetMachineId" => {
            let id = std::fs::read_to_string("/etc/machine-id")
                .map_err(|e| Refusal::failed(format!("/etc/machine-id could not be read: {e}")))?;
            call.reply(&(id.trim()))
        }
        _ => Err(no_such_method(call)),
    }
}
