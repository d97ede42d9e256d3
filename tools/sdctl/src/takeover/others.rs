//! The Secret Services that there are besides: the one that a takeover ends, and those that a person switches off.

/// The program that a takeover ends.
pub(super) const KEYRING: &str = "gnome-keyring-daemon";

/// Whether a process that looks so is gnome-keyring.
pub(super) fn is_keyring(name: Option<&str>) -> bool {
    name == Some(KEYRING)
}

/// What a person does with another Secret Service; to end it would not keep it from coming back.
pub(super) fn switch_off(pid: u32, name: Option<&str>) -> String {
    let who = name.unwrap_or("a process that cannot be looked at");
    let what = match who {
        "keepassxc" => {
            "in KeePassXC: Tools, Settings, Secret Service Integration, untick `Enable`; the database stays as it is"
        }
        name if name.starts_with("kwalletd") || name == "ksecretd" => {
            "in KDE: System Settings, KDE Wallet, untick `Use KWallet for the Secret Service interface` (in kwalletrc: \
             [org.freedesktop.secrets] apiEnabled=false), then log out and in"
        }
        "oo7-daemon" => "run `systemctl --user disable --now oo7-daemon.service`",
        _ => "end it, and keep it from starting with the session",
    };
    format!(
        "{who} (pid {pid}) is the Secret Service and has to be switched off by you: {what}; then take over again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_known_secret_service_it_is_said_where_it_is_switched_off() {
        let said = |name| switch_off(7, Some(name));
        assert!(said("keepassxc").contains("Secret Service Integration"));
        assert!(
            said("kwalletd6").contains("apiEnabled=false") && said("ksecretd").contains("apiEnabled=false")
        );
        assert!(said("oo7-daemon").contains("systemctl --user disable --now"));
        assert!(said("other").starts_with("other (pid 7) is the Secret Service"));
        assert!(switch_off(7, None).contains("end it"));
    }
}
