//! What time does to an order: the stages it goes through by itself, its fills, and its end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Fill, Order, Pricing, Side, Stage, Wanted};
use crate::sandbox::exchange::hours::Day;
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::rules::{LimitFills, Rules};

/// What an order's life depends on besides itself.
pub(crate) struct Setting<'a> {
    pub(crate) now: Timestamp,
    pub(crate) rules: &'a Rules,
    pub(crate) ltp: Paise,
    pub(crate) lot: u64,
    /// The trading day it lives on; `None` where the market never closes.
    pub(crate) day: Option<Day>,
}

/// What happens next, and when.
type Due = (Timestamp, Event);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Enter(Stage),
    /// Leaves the shelf for what was sent outside the hours.
    Release,
    Reject,
    /// What was asked to be changed is.
    Change,
    Fill(u64),
}

impl Order {
    /// Goes through everything that is due by now.
    pub(crate) fn advance(&mut self, setting: &Setting<'_>) {
        while let Some((due, event)) = self.next(setting) {
            let due = due.max(self.seen_at);
            if due > setting.now {
                break;
            }
            self.happen(event, due, setting);
        }
        self.seen_at = self.seen_at.max(setting.now);
    }

    fn happen(&mut self, event: Event, at: Timestamp, setting: &Setting<'_>) {
        match event {
            Event::Enter(stage) => self.enter(stage, at),
            Event::Release => {
                self.released_at = Some(at);
                self.enter(Stage::Received, at);
            }
            Event::Reject => {
                self.message = self.objection.take();
                self.enter(Stage::Rejected, at);
            }
            Event::Change => {
                if let Some(change) = self.change.take() {
                    self.wanted.apply(&change);
                    self.modified = true;
                }
                self.enter(Stage::Modified, at);
            }
            Event::Fill(quantity) => {
                let price = self.wanted.fill_price(setting.ltp);
                self.fill(Fill { at, quantity, price });
            }
        }
    }

    fn fill(&mut self, fill: Fill) {
        self.fills.push(fill);
        self.count_fills();
        if self.unfilled() == 0 {
            self.enter(Stage::Complete, fill.at);
        }
    }

    fn next(&self, setting: &Setting<'_>) -> Option<Due> {
        let of_itself = self.next_of_itself(setting);
        let asked = self.cancelled_from.filter(|_| !self.stage.is_terminal());
        earlier(of_itself, asked.map(|at| (at, Event::Enter(Stage::Cancelled))))
    }

    fn next_of_itself(&self, setting: &Setting<'_>) -> Option<Due> {
        let quarter = Duration::from_millis(setting.rules.fill_delay_ms) / 4;
        let after = later(self.changed_at(), quarter);
        let triggered = self.wanted.is_triggered(setting.ltp);
        match self.stage {
            Stage::AfterHours => Some((self.release?, Event::Release)),
            Stage::Received => {
                let held = Duration::from_millis(setting.rules.received_delay_ms);
                Some((later(after, held), Event::Enter(Stage::Validating)))
            }
            Stage::Validating if self.objection.is_some() => Some((after, Event::Reject)),
            Stage::Validating => Some((after, Event::Enter(Stage::Pending))),
            Stage::Pending if triggered => Some((after, Event::Enter(Stage::Open))),
            Stage::Pending => Some((after, Event::Enter(Stage::TriggerPending))),
            Stage::ModifyValidating => Some((after, Event::Enter(Stage::ModifyPending))),
            Stage::ModifyPending => Some((after, Event::Change)),
            Stage::Modified if triggered => Some((self.changed_at(), Event::Enter(Stage::Open))),
            Stage::Modified => Some((self.changed_at(), Event::Enter(Stage::TriggerPending))),
            Stage::TriggerPending if triggered => {
                Some((self.changed_at(), Event::Enter(Stage::Open)))
            }
            Stage::TriggerPending => self.end(setting),
            Stage::Open => earlier(self.next_fill(after, setting), self.end(setting)),
            Stage::CancelPending => {
                let wait = Duration::from_millis(setting.rules.cancel_delay_ms);
                let gone = later(self.changed_at(), wait);
                let fill = self.next_fill(later(self.opened_at(), quarter), setting);
                earlier(fill, Some((gone, Event::Enter(Stage::Cancelled))))
            }
            Stage::Complete | Stage::Cancelled | Stage::CancelledAfterHours | Stage::Rejected => {
                None
            }
        }
    }

    /// The next piece, if the price and the rules allow one. What is good only at once is
    /// cancelled where it cannot fill.
    fn next_fill(&self, first: Timestamp, setting: &Setting<'_>) -> Option<Due> {
        let rules = setting.rules;
        let gap = Duration::from_millis(rules.fill_gap_ms);
        let due = self.fills.last().map_or(first, |fill| later(fill.at, gap).max(first));
        let piece = self.piece(setting);
        if piece > 0 && self.wanted.fills(rules.limit_fills, setting.ltp) {
            let at = setting.day.map_or(Some(due), |day| day.trades_at(due));
            return Some((at?, Event::Fill(piece)));
        }
        (self.wanted.validity == "IOC").then_some((due, Event::Enter(Stage::Cancelled)))
    }

    /// Whole lots of the next fill; zero when the rules let no more fill.
    fn piece(&self, setting: &Setting<'_>) -> u64 {
        let (whole, lot) = (self.wanted.quantity, setting.lot.max(1));
        let percent = u64::from(setting.rules.fill_percent.min(100));
        let most = whole.saturating_mul(percent) / 100 / lot * lot;
        let most = if percent == 100 { whole } else { most };
        let share = whole.div_ceil(u64::from(setting.rules.fills.max(1)));
        let share = share.div_ceil(lot) * lot;
        share.min(most.saturating_sub(self.filled))
    }

    /// The end of the day, or of the minutes the client gave it.
    fn end(&self, setting: &Setting<'_>) -> Option<Due> {
        let began = self.released_at.unwrap_or(self.received_at);
        let minutes = u64::from(self.wanted.minutes);
        let given = (minutes > 0).then(|| later(began, Duration::from_secs(minutes * 60)));
        let closing = setting.day.map(|day| day.ends_for(began));
        let end = [given, closing].into_iter().flatten().min();
        end.map(|at| (at, Event::Enter(Stage::Cancelled)))
    }

    fn opened_at(&self) -> Timestamp {
        let opened = self.history.iter().rev().find(|step| step.stage == Stage::Open);
        opened.map_or(self.received_at, |step| step.at)
    }
}

impl Wanted {
    fn fills(&self, rule: LimitFills, ltp: Paise) -> bool {
        match (self.pricing, rule) {
            (Pricing::Market | Pricing::StopMarket, _) | (_, LimitFills::Always) => true,
            (_, LimitFills::Never) => false,
            (_, LimitFills::Marketable) => match self.side {
                Side::Buy => self.price >= ltp,
                Side::Sell => self.price <= ltp,
            },
        }
    }

    fn is_triggered(&self, ltp: Paise) -> bool {
        match (self.pricing, self.side) {
            (Pricing::Market | Pricing::Limit, _) => true,
            (_, Side::Buy) => ltp >= self.trigger,
            (_, Side::Sell) => ltp <= self.trigger,
        }
    }

    fn fill_price(&self, ltp: Paise) -> Paise {
        match self.pricing {
            Pricing::Limit | Pricing::StopLimit => self.price,
            Pricing::Market | Pricing::StopMarket => ltp,
        }
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::ZERO);
    at.checked_add(by).unwrap_or(at)
}

fn earlier(one: Option<Due>, other: Option<Due>) -> Option<Due> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.0 < one.0 { other } else { one }),
        (one, other) => one.or(other),
    }
}
