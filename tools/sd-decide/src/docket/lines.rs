//! Writing a line, turning a page, and carrying out commands.

use sd_wire::record;

use crate::docket::Docket;
use crate::docket::command::{self, Command, Which};
use crate::docket::effect::Effect;
use crate::docket::event::Moment;
use crate::docket::line::Line;
use crate::docket::mode::{Mode, Purpose};
use crate::docket::page::Page;
use crate::docket::written;
use crate::keys::Key;

impl Docket {
    pub(super) fn begin_line(&mut self, now: Moment, purpose: Purpose) {
        self.set_mode(now, Mode::Line(Line::new(purpose)));
    }

    pub(super) fn write(&mut self, now: Moment, key: Key, effects: &mut Vec<Effect>) {
        let Mode::Line(line) = &mut self.mode else { return };
        line.offers.clear();
        match (key, line.purpose) {
            (Key::Backspace, _) if line.text().is_empty() => self.set_mode(now, Mode::Asks),
            (Key::Escape, purpose) => {
                self.set_mode(now, Mode::Asks);
                if purpose == Purpose::Filter {
                    self.set_filter(now, None, effects);
                }
            }
            (Key::Enter, purpose) => {
                let text = line.text().to_owned();
                self.set_mode(now, Mode::Asks);
                if purpose == Purpose::Command {
                    self.command(now, &text, effects);
                }
            }
            (Key::Up | Key::Down, Purpose::Command) => line.walk(&self.past, key == Key::Up),
            (Key::Tab, Purpose::Command) => {
                let head = line.head().to_owned();
                let candidates = self.candidates(now, &head);
                if let Mode::Line(line) = &mut self.mode {
                    line.complete(candidates);
                }
            }
            (_, purpose) => {
                if line.edit(key) && purpose == Purpose::Filter {
                    let filter = line.text().to_owned();
                    self.set_filter(now, Some(filter), effects);
                }
            }
        }
    }

    pub(super) fn turn_page(&mut self, now: Moment, key: Key, effects: &mut Vec<Effect>) {
        match key {
            Key::PageUp | Key::Up => effects.push(Effect::Scroll(-1)),
            Key::PageDown | Key::Down | Key::Char(' ') => effects.push(Effect::Scroll(1)),
            Key::Char(':') | Key::CommandLine => self.begin_line(now, Purpose::Command),
            Key::Escape | Key::Enter | Key::Char('q') => self.set_mode(now, Mode::Asks),
            _ => {}
        }
    }

    fn command(&mut self, now: Moment, text: &str, effects: &mut Vec<Effect>) {
        let done = match Command::parse(text) {
            Ok(None) => return,
            Ok(Some(command)) => self.run(now, command, effects),
            Err(why) => Err(why),
        };
        match done {
            Ok(()) => self.past.keep(text.trim()),
            Err(why) => self.set_mode(now, Mode::Page(Page::Text(why))),
        }
    }

    /// Carries out a command, or says why it cannot be.
    fn run(&mut self, now: Moment, command: Command, effects: &mut Vec<Effect>) -> Result<(), String> {
        let page = match command {
            Command::History { count } => Page::History(usize::from(count)),
            Command::Show { id } => Page::Show(self.by_beginning(&id)?),
            Command::Pending => Page::Pending,
            Command::Grants => Page::Grants,
            Command::Rules => Page::Rules,
            Command::Status => Page::Status,
            Command::Help { command } => Page::Text(command::help(command.as_deref())?),
            Command::Revoke { which } => {
                let said = self.revoke(which)?;
                self.jot(written::done(record::Event::Revoked, "revoke", &said), effects);
                self.say(now, said);
                return Ok(());
            }
            Command::Lock => {
                self.lock(now, None, effects);
                return Ok(());
            }
            Command::Unlock => {
                self.unlock(now, None, effects);
                return Ok(());
            }
            Command::DenyAll => {
                self.deny_all(now, effects);
                self.say(now, "everything is denied until :lift".to_owned());
                return Ok(());
            }
            Command::Lift => {
                let denied = self.refusals.everything();
                if denied {
                    self.jot(written::done(record::Event::Changed, "lift", ""), effects);
                }
                self.refusals.set_everything(false);
                let said = if denied { "asks are let in again" } else { "asks are let in already" };
                self.say(now, said.to_owned());
                return Ok(());
            }
        };
        self.set_mode(now, Mode::Page(page));
        Ok(())
    }

    /// Ends grants and mutes; which ones, in words.
    fn revoke(&mut self, which: Which) -> Result<String, String> {
        match which {
            Which::All => {
                let mutes: Vec<u64> = self.refusals.mutes().iter().map(|mute| mute.number).collect();
                for number in &mutes {
                    self.refusals.unmute(*number);
                }
                let grants = std::mem::take(&mut self.grants).len();
                Ok(format!("ended: {}, {}", counted(grants, "grant"), counted(mutes.len(), "mute")))
            }
            Which::Number(number) => {
                if let Some(at) = self.grants.iter().position(|grant| grant.number == number) {
                    let grant = self.grants.remove(at);
                    Ok(format!("grant {number} is ended: {} · {}", grant.who.as_str(), grant.what.as_str()))
                } else if self.refusals.unmute(number) {
                    Ok(format!("mute {number} is ended"))
                } else {
                    Err("Neither a grant nor a mute has this number. `grants` shows them.".to_owned())
                }
            }
        }
    }
}

fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
