//! Writing a line, and turning a page.

use crate::docket::Docket;
use crate::docket::command::Command;
use crate::docket::effect::Effect;
use crate::docket::event::Moment;
use crate::docket::mode::{LONGEST, Line, Mode, Purpose};
use crate::docket::page::Page;
use crate::keys::Key;

impl Docket {
    pub(super) fn write(&mut self, now: Moment, key: Key, effects: &mut Vec<Effect>) {
        let Mode::Line(line) = &mut self.mode else { return };
        match key {
            Key::Char(character) if line.text.chars().count() < LONGEST => line.text.push(character),
            Key::Backspace if line.text.is_empty() => return self.set_mode(now, Mode::Asks),
            Key::Backspace => drop(line.text.pop()),
            Key::ClearLine => line.text.clear(),
            Key::Escape => {
                let filtering = line.purpose == Purpose::Filter;
                self.set_mode(now, Mode::Asks);
                if filtering {
                    self.set_filter(now, None, effects);
                }
                return;
            }
            Key::Enter => {
                let Line { purpose, text } = line.clone();
                self.set_mode(now, Mode::Asks);
                if purpose == Purpose::Command {
                    self.command(now, &text, effects);
                }
                return;
            }
            _ => {}
        }
        let Mode::Line(Line { purpose: Purpose::Filter, text }) = &self.mode else { return };
        let filter = text.clone();
        self.set_filter(now, Some(filter), effects);
    }

    pub(super) fn turn_page(&mut self, now: Moment, key: Key, effects: &mut Vec<Effect>) {
        match key {
            Key::PageUp | Key::Up => effects.push(Effect::Scroll(-1)),
            Key::PageDown | Key::Down | Key::Char(' ') => effects.push(Effect::Scroll(1)),
            Key::Char(':') | Key::CommandLine => {
                let line = Line { purpose: Purpose::Command, text: String::new() };
                self.set_mode(now, Mode::Line(line));
            }
            Key::Escape | Key::Enter | Key::Char('q') => self.set_mode(now, Mode::Asks),
            _ => {}
        }
    }

    fn command(&mut self, now: Moment, text: &str, effects: &mut Vec<Effect>) {
        match Command::parse(text) {
            Ok(Some(command)) => self.run(now, command, effects),
            Ok(None) => {}
            Err(why) => self.set_mode(now, Mode::Page(Page::Text(why))),
        }
    }

    fn run(&mut self, now: Moment, command: Command, effects: &mut Vec<Effect>) {
        let page = match command {
            Command::History(count) => Page::History(count),
            Command::Show(id) => Page::Show(id),
            Command::Pending => Page::Pending,
            Command::Grants => Page::Grants,
            Command::Rules => Page::Rules,
            Command::Status => Page::Status,
            Command::Help(text) => Page::Text(text),
            Command::Revoke(number) => {
                let before = self.grants.len();
                self.grants.retain(|grant| grant.number != number);
                let found = self.grants.len() < before || self.refusals.unmute(number);
                let said = if found { "revoked" } else { "there is neither a grant nor a mute of number" };
                return self.say(now, format!("{said} {number}"));
            }
            Command::Lock => return self.lock(now, None, effects),
            Command::Unlock => return self.unlock(now, None, effects),
            Command::DenyAll => return self.deny_all(now, effects),
            Command::Lift => {
                self.refusals.set_everything(false);
                return self.say(now, "asks are let in again".to_owned());
            }
        };
        self.set_mode(now, Mode::Page(page));
    }
}
