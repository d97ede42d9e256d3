//! What the clerk does about the virtual terminal: whether it is shown, whether it may be left, and what was painted on it.

use sd_start::NotServing;

use crate::clerk::Clerk;
use crate::clerk::wait::Found;
use crate::console::Console;
use crate::docket::event::Event;

/// On a virtual terminal a picture is written whole this often, in milliseconds: others can paint on it, the kernel with
/// its messages and root, and of that nobody is told.
const MEND: u64 = 3000;

impl Clerk {
    /// Whether a person can be looking. Asked before the keyboard is read: a key typed at another VT is none of ours, and
    /// one typed here before the picture was seen counts for nothing.
    pub(super) fn look_at_console(&mut self) -> Result<(), NotServing> {
        let shown = match &mut self.console {
            Some(console) => console.look().map_err(NotServing::Io)?,
            None => true,
        };
        self.mended = None;
        self.terminal.flush_input();
        self.happen(Event::Active(shown));
        Ok(())
    }

    /// About a switch away during a hold: at once, for nobody can switch until then.
    pub(super) fn answer_the_kernel(&mut self, found: &Found) {
        let now = self.now();
        let Some(console) = &mut self.console else { return };
        if found.arrived {
            console.arrived();
        }
        if found.asked_to_leave && console.answer(self.docket.wants_the_vt(now), now) {
            self.happen(Event::SwitchRefused);
        }
    }

    /// Refuses switches away while the docket wants the screen, and not longer than the console bears it.
    pub(super) fn hold_the_screen(&mut self) {
        let now = self.now();
        if let Some(console) = &mut self.console {
            console.hold_while(self.docket.wants_the_vt(now), now);
        }
    }

    /// Has the next picture written whole, if it is time.
    pub(super) fn mend(&mut self) {
        let now = self.now();
        if self.console.as_ref().is_some_and(Console::is_on_screen)
            && self.mended.is_none_or(|at| now.since(at) >= MEND)
        {
            self.terminal.mend();
            self.mended = Some(now);
        }
    }
}
