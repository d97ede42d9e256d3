//! The private buses: the system bus under the project's real policy, and session buses for desktop and companion.

use std::fs::File;
use std::io::{PipeReader, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use crate::environment::Environment;
use crate::failure::{Doing, Failure};
use crate::people::People;
use crate::run_dir;

/// The policies as they are installed, with a uid or a user where provisioning writes one: that of each desktop user, and
/// that of the first.
const POLICY: &str = include_str!("../../policy/net.mowaka.SecretsDispatcher1.conf.in");
const PLAIN: &str = include_str!("../../policy/net.mowaka.SecretsDispatcher1.plain.conf.in");

const HEAD: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
"#;

/// A bus has this long to come up.
const PATIENCE: Duration = Duration::from_secs(20);

/// The project's two policies for these people: of the user's own name, and of the plain one.
#[must_use]
pub fn policies(people: &People) -> [String; 2] {
    [POLICY, PLAIN].map(|template| {
        template.replace("@GATE@", &people.gate.to_string()).replace("@DESKTOP@", &people.desktop.to_string())
    })
}

/// A system bus as Debian's system.conf makes it, less activation, with our two policies included.
#[must_use]
pub fn system_config(socket: &Path, policies: [&Path; 2]) -> String {
    let (socket, [own, plain]) = (socket.display(), policies.map(Path::display));
    format!(
        r#"{HEAD}<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"
          send_member="UpdateActivationEnvironment"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Debug.Stats"/>
  </policy>
  <policy user="root">
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
  <include>{own}</include>
  <include>{plain}</include>
</busconfig>
"#
    )
}

/// A session bus that starts nothing by itself: no service of this machine may slip in.
#[must_use]
pub fn session_config(socket: &Path) -> String {
    let socket = socket.display();
    format!(
        r#"{HEAD}<busconfig>
  <type>session</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#
    )
}

/// Starts the private system bus; its process and its address.
///
/// # Errors
/// When it does not come up.
pub fn start_system(environment: &Environment) -> Result<(Pid, String), Failure> {
    let [own, plain] = ["policy/own.conf", "policy/plain.conf"].map(|place| environment.at(place));
    for (place, text) in [&own, &plain].into_iter().zip(policies(&environment.people)) {
        run_dir::public_file(place, &text)?;
    }
    start(environment, "system-bus", "bus", &system_config(&environment.at("bus/socket"), [&own, &plain]))
}

/// Starts the desktop's session bus; its process and its address.
///
/// # Errors
/// When it does not come up.
pub fn start_session(environment: &Environment) -> Result<(Pid, String), Failure> {
    start(environment, "session-bus", "desktop", &session_config(&environment.at("desktop/bus")))
}

/// Starts the companion's session bus; its process and its address.
///
/// # Errors
/// When it does not come up.
pub fn start_companion(environment: &Environment) -> Result<(Pid, String), Failure> {
    start(environment, "companion-bus", "companion", &session_config(&environment.at("companion/bus")))
}

fn start(environment: &Environment, name: &str, role: &str, text: &str) -> Result<(Pid, String), Failure> {
    let config = environment.at("policy").join(name).with_extension("conf");
    run_dir::public_file(&config, text)?;
    let (address, writer) = std::io::pipe().doing("make a pipe")?;
    let pid = environment
        .service(name, PathBuf::from("dbus-daemon"), role)?
        .arg(format!("--config-file={}", config.display()))
        .args(["--nofork", "--nosyslog", "--nopidfile", "--print-address=1"])
        .stdout(writer)
        .start()?;
    match first_line(address) {
        Some(address) => Ok((pid, address)),
        None => {
            let why = environment.last_words_of(name);
            Err(Failure::NotReady { who: format!("the {}", name.replace('-', " ")), why })
        }
    }
}

/// The first line of a pipe, unless it is closed or silent before that.
fn first_line(pipe: PipeReader) -> Option<String> {
    let mut line = Vec::new();
    while !line.contains(&b'\n') {
        let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::try_from(PATIENCE).ok()?).ok()? == 0 {
            return None;
        }
        let mut bytes = [0; 512];
        let mut reader: File = std::os::fd::OwnedFd::from(pipe.try_clone().ok()?).into();
        let length = reader.read(&mut bytes).ok().filter(|length| *length > 0)?;
        line.extend_from_slice(bytes.get(..length)?);
    }
    String::from_utf8(line).ok()?.lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policies_name_the_gate_and_the_desktop_user_and_leave_no_placeholder() {
        let people = People {
            desktop: 1000,
            gate: 990,
            decide: 989,
            companion: 1001,
            bus: 100,
            audit: 988,
            apart: true,
        };
        let names = ["net.mowaka.SecretsDispatcher1.u1000", "net.mowaka.SecretsDispatcher1"];
        for (text, name) in policies(&people).iter().zip(names) {
            assert!(text.contains(r#"<policy user="990">"#));
            assert!(text.contains(r#"<policy user="1000">"#));
            let (_, rules) = text.split_once("<busconfig>").unwrap();
            assert!(!rules.contains('@'), "{rules}");
            // Each lets one name be owned, and calls be sent to that one: else one user's gate could be called by all.
            assert_eq!(rules.matches("<allow own").count(), 1);
            assert!(rules.contains(&format!(r#"<allow own="{name}"/>"#)), "{rules}");
            assert_eq!(
                rules.matches("<allow send").count(),
                rules.matches(&format!(r#"<allow send_destination="{name}""#)).count()
            );
        }
    }
}
