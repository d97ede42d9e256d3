//! `sd-decide --rescue`: puts the virtual terminal on fd 0 back to what a login expects, and ends.
//!
//! The unit runs it whenever sd-decide has stopped (`ExecStopPost=`), however it did: one that was killed while it held
//! the terminal has left it with a switching mode whose owner is gone. In good health there is nothing to put back.

use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;

use sd_sys::vt::{Display, Keyboard, Switching};
use sd_sys::{exit, terminal, vt};

/// Does it, each thing whether or not the one before could be done. The status is 0 when nothing is left to do, also
/// because fd 0 is another kind of terminal.
pub(crate) fn run() -> ExitCode {
    match sd_start::hardened() {
        Ok(()) => put_back(io::stdin()),
        Err(why) => {
            sd_journal::error(&why);
            exit::code(why.exit_code())
        }
    }
}

fn put_back(tty: impl AsFd) -> ExitCode {
    if let Err(why) = vt::mode(&tty) {
        sd_journal::warning(format!(
            "fd 0 is not a virtual terminal, so there is nothing to put back: {why}"
        ));
        return ExitCode::SUCCESS;
    }
    let done = [
        ("who decides about switches", vt::set_mode(&tty, Switching::Automatic)),
        ("the text mode", vt::set_display(&tty, Display::Text)),
        ("the keyboard mode", vt::set_keyboard(&tty, Keyboard::Unicode)),
        ("who may open it", terminal::unset_exclusive(&tty)),
    ];
    let mut status = ExitCode::SUCCESS;
    for (what, result) in done {
        if let Err(why) = result {
            sd_journal::error(format!(
                "of the virtual terminal on fd 0, {what} could not be put back: {why}; is it the controlling terminal?"
            ));
            status = exit::code(exit::UNAVAILABLE);
        }
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_another_terminal_there_is_nothing_to_do() {
        let pty = nix::pty::openpty(None, None).unwrap();
        assert_eq!(put_back(&pty.slave), ExitCode::SUCCESS);
    }
}
