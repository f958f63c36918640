//! What an operator says of the exchange calendar, and that its data comes to an end.

use muster_protocol::calendar::CalendarChange;
use muster_protocol::event::{Area, Level};
use muster_protocol::frame::Code;
use muster_protocol::ids::RunId;

use super::super::calendar::CalendarEvent;
use super::super::effect::{Answer, Changed, Commit};
use super::super::model::Deciding;
use super::super::msg::ReplyTo;
use super::super::record::Record;
use super::super::run::{Fixed, Run, Stage};
use super::Step;

impl Step<'_> {
    pub(super) fn amend(
        &mut self,
        reply: ReplyTo,
        by: &str,
        change: CalendarChange,
        reason: String,
    ) {
        if let Err(invalid) = self.model.calendar.check(&change, &reason, self.now.date()) {
            self.refuse(reply, Code::InvalidParams, invalid.to_string());
            return;
        }
        let text = format!("calendar, by {by}: {} ({reason})", change.words());
        let event = CalendarEvent { change, by: by.to_owned(), reason, at: self.now };
        let mut commit = Commit::default();
        commit.journal.push(self.entry(Level::Warn, Area::Daemon, text));
        commit.records.push(Record::Calendar(event));
        commit.ack = Some((reply, Answer::Calendar));
        self.commit(commit);
    }

    /// A run that is frozen for a day that is none any more does not fire.
    pub(super) fn calendar_moved(&mut self) {
        self.publish(Changed::Status);
        self.plans_looked_at_anew();
        let frozen = self.model.runs.iter().filter(|(_, run)| matches!(run.stage, Stage::Frozen));
        let closed: Vec<(RunId, Run, String)> = frozen
            .filter_map(|(id, run)| {
                let exchanges: Vec<_> = run.fixed.legs.iter().map(|leg| leg.exchange).collect();
                let why = self.model.calendar.day(id.date, &exchanges).err()?;
                Some((id.clone(), run.clone(), why.to_string()))
            })
            .collect();
        for (id, run, why) in closed {
            if self.model.deciding.insert(Deciding::Run(id.clone())) {
                self.miss(
                    id,
                    Fixed::clone(&run.fixed),
                    &format!("the calendar was changed: {why}"),
                );
            }
        }
    }

    /// Once a day, from weeks before: the data ends, and no run happens after it.
    pub(super) fn say_calendar(&mut self) {
        let today = self.now.date();
        if self.model.calendar_said == Some(today) {
            return;
        }
        self.model.calendar_said = Some(today);
        if let Some(warning) = self.model.calendar.warning(today) {
            self.log(self.entry(Level::Warn, Area::Daemon, warning));
        }
    }
}
