//! What is told of the steps.

use serde_json::{Value, json};

use super::step::{Ended, Way};
use crate::failure::Failure;
use crate::paper::{Ink, Paper};

/// How it went.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// Each step: its name, what it does, and how it ended.
    pub(crate) steps: Vec<(String, String, Ended)>,
    /// What a person should know besides.
    pub(crate) notes: Vec<String>,
}

impl Story {
    /// Whether a step went wrong or is left to a person.
    pub(crate) fn has_failed(&self) -> bool {
        self.steps.iter().any(|(_, _, ended)| ended.is_bad())
    }

    /// Tells it. Errors: a step went wrong, which is told as well.
    pub(crate) fn tell(&self, way: Way, dry: bool, paper: &mut Paper) -> Result<(), Failure> {
        if paper.json() {
            paper.document(&self.document(way, dry))?;
        } else {
            for (_, words, ended) in &self.steps {
                let word = paper.paint(ink(ended), &format!("{:7}", ended.word()));
                paper.line(&format!("{word}  {words}"))?;
                if let Some(why) = ended.why() {
                    paper.line(&format!("         {why}"))?;
                }
            }
            for note in &self.notes {
                paper.line(&format!("{}  {note}", paper.paint(Ink::Heading, "note   ")))?;
            }
        }
        if dry || !self.has_failed() {
            return Ok(());
        }
        Err(Failure::Undone(match way {
            Way::Takeover => {
                "not all was done; what the steps say can be mended and `sdctl takeover` run again, or `sdctl release` \
                 puts everything back"
                    .to_owned()
            }
            Way::Release => "not all was put back; see what the steps say, and run `sdctl release` again".to_owned(),
        }))
    }

    fn document(&self, way: Way, dry: bool) -> Value {
        let steps: Vec<Value> = self
            .steps
            .iter()
            .map(|(name, words, ended)| {
                json!({"step": name, "does": words, "ended": ended.word(), "why": ended.why()})
            })
            .collect();
        json!({
            "wish": if way == Way::Takeover { "takeover" } else { "release" },
            "dry_run": dry,
            "steps": steps,
            "notes": self.notes,
            "done": !dry && !self.has_failed(),
        })
    }
}

fn ink(ended: &Ended) -> Ink {
    match ended {
        Ended::Done(_) => Ink::Good,
        Ended::Would | Ended::Already => Ink::Plain,
        Ended::Skipped(_) => Ink::Waiting,
        Ended::Refused(_) | Ended::Failed(_) => Ink::Bad,
    }
}
