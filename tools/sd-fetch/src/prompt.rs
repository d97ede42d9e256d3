//! The backend's own prompts (Secret Service, "Prompts and Prompting"). The companion has no desktop: what a backend
//! asks by them comes to the person only if it does so by a pinentry, which here is sd-pinentry.

use std::time::Duration;

use async_io::Timer;
use sd_wire::fault::Fault;
use smol::future::FutureExt;
use smol::stream::StreamExt;
use zbus::message::Type;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};
use zbus::{MatchRule, MessageStream};

use crate::asking::Asking;
use crate::backend::{Backend, NAME};
use crate::refusal::fault;

const INTERFACE: &str = "org.freedesktop.Secret.Prompt";
/// How often to look whether the answer is still wanted, and whether there is still somebody to give it.
const LOOK: Duration = Duration::from_secs(1);

/// Whether a call has given a prompt at all.
pub(crate) fn is_one(prompt: &OwnedObjectPath) -> bool {
    prompt.as_str() != "/"
}

/// Tells the backend that its prompt will not be needed. If it does not like that, the prompt goes with our connection.
pub(crate) async fn dismiss(backend: &Backend, prompt: &OwnedObjectPath) {
    if is_one(prompt) {
        let _: Result<(), Fault> = backend.call(prompt.as_str(), INTERFACE, "Dismiss", &()).await;
    }
}

/// Performs the prompt, waits until it is completed, and gives its result.
///
/// # Errors
/// [`Fault::Dismissed`]; [`Fault::Lost`] when the backend ends meanwhile, or when nobody waits for the order any more.
pub(crate) async fn perform(
    backend: &Backend,
    prompt: &OwnedObjectPath,
    asking: &Asking<'_>,
) -> Result<OwnedValue, Fault> {
    let owner = owner(backend).await?;
    // Listened for before it can happen.
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(owner.as_str())
        .and_then(|rule| rule.path(prompt.as_str()))
        .and_then(|rule| rule.interface(INTERFACE))
        .and_then(|rule| rule.member("Completed"))
        .map_err(|_| Fault::Malformed)?
        .build();
    let mut completed =
        MessageStream::for_match_rule(rule, backend.bus(), None).await.map_err(|e| fault(&e))?;
    let () = backend.call(prompt.as_str(), INTERFACE, "Prompt", &("",)).await?;
    loop {
        let signal = async { Some(completed.next().await) };
        let tick = async {
            Timer::after(LOOK).await;
            None
        };
        match signal.or(tick).await {
            Some(Some(Ok(message))) => {
                let (dismissed, result): (bool, OwnedValue) =
                    message.body().deserialize().map_err(|_| Fault::Malformed)?;
                return if dismissed { Err(why(&result)) } else { Ok(result) };
            }
            Some(_) => return Err(Fault::Lost),
            None if !asking.is_wanted() => {
                dismiss(backend, prompt).await;
                return Err(Fault::Lost);
            }
            None if self::owner(backend).await.as_ref() != Ok(&owner) => return Err(Fault::Lost),
            None => {}
        }
    }
}

/// Why a prompt was dismissed. The specification has no word for it; sd-store gives one of ours.
fn why(result: &OwnedValue) -> Fault {
    let told = <&str>::try_from(result).ok();
    let known = told.and_then(|word| serde_json::from_value(word.into()).ok());
    let about_it = |why: &Fault| {
        use Fault::{CardAbsent, Lost, NoAgent, NoKey, NoPassphrase, Refused, Unavailable, WrongPassphrase};
        matches!(
            why,
            WrongPassphrase | NoPassphrase | Refused | Unavailable | Lost | NoAgent | NoKey | CardAbsent
        )
    };
    known.filter(about_it).unwrap_or(Fault::Dismissed)
}

/// Which connection is the backend's.
async fn owner(backend: &Backend) -> Result<String, Fault> {
    let daemon = "org.freedesktop.DBus";
    let call = backend.bus().call_method(
        Some(daemon),
        "/org/freedesktop/DBus",
        Some(daemon),
        "GetNameOwner",
        &(NAME,),
    );
    let reply = call.await.map_err(|e| fault(&e))?;
    reply.body().deserialize().map_err(|_| Fault::Malformed)
}
