//! How the brokers fare: by the accounts' last tests, and by what the daemon's calls met in the last hour.

use ratatui::text::Line;

use muster_protocol::house::BrokerHealth;
use muster_protocol::time::MINUTE;

use super::Sheet;
use crate::app::screens::system::Health;
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::paint;

/// A fault is fresh for so long.
const FRESH: i64 = 5 * MINUTE;

impl Sheet<'_> {
    /// A line of the tests, and one of the calls where the daemon has told.
    pub(super) fn broker(&self, health: &Health) -> Vec<Line<'static>> {
        let pen = self.pen;
        let mark = match health {
            down if down.is_down() => Mark::Bad,
            Health { last_ok: None, .. } => Mark::Off,
            Health { failed, .. } if !failed.is_empty() => Mark::Busy,
            _ => Mark::Good,
        };
        let mut words = vec![text::count(health.accounts, "account")];
        words.extend(health.latency.map(|ms| format!("{ms} ms")));
        words.push(health.last_ok.map_or_else(
            || "no test has passed".to_owned(),
            |at| format!("a test passed {}", text::ago(self.now.since(at))),
        ));
        words.extend(health.failed.iter().map(|(kind, n)| format!("{n} {}", kind.words())));
        let sign = mark.sign(pen.ascii);
        let words = format!("{sign} {}", words.join(" · "));
        let role = if mark == Mark::Bad { Role::Bad } else { Role::Plain };
        let mut lines = pen.field(health.broker.title(), (role, &words), self.width);
        let house = self.model.system.house.as_ref();
        let calls =
            house.and_then(|house| house.brokers.iter().find(|b| b.broker == health.broker));
        lines.extend(calls.into_iter().flat_map(|calls| self.calls(calls)));
        lines
    }

    /// What the daemon's calls met: how many were not served and why, when it last answered.
    fn calls(&self, calls: &BrokerHealth) -> Vec<Line<'static>> {
        let up = self.now.since(self.status.started);
        let span = if up < 60 * MINUTE { "since the start" } else { "in the last hour" };
        let made = text::count(calls.calls, "call");
        let answered = calls.last_ok.map_or_else(
            || "no answer yet".to_owned(),
            |at| format!("answered {}", text::ago(self.now.since(at))),
        );
        let fresh = calls.last_fault.filter(|fault| self.now.since(fault.at) < FRESH);
        let silent = calls.last_fault.zip(calls.last_ok).is_none_or(|(bad, good)| bad.at > good);
        let mark = match (calls.calls, fresh) {
            (0, _) => Mark::Off,
            (_, Some(_)) if silent => Mark::Bad,
            (_, Some(_)) => Mark::Busy,
            (_, None) => Mark::Good,
        };
        let mut words = if calls.faults.is_empty() {
            let served = if calls.calls == 0 { "" } else { ", all served" };
            format!("{made} {span}{served} · {answered}")
        } else {
            let faults: Vec<_> =
                calls.faults.iter().map(|(kind, n)| format!("{n} {}", kind.words())).collect();
            format!("{made} {span}: {} · {answered}", faults.join(", "))
        };
        if let Some(fault) = calls.last_fault {
            let ago = text::ago(self.now.since(fault.at));
            words = format!("{words} · last {} {ago}", fault.kind.words());
        }
        let role = if mark == Mark::Good { Role::Plain } else { paint::role_of(mark) };
        self.marked("", (mark, role), &words)
    }
}
