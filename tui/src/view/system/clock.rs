//! What is known of the clock everything goes by: its source, the brokers' clocks against it, whether it
//! was set. What is not known is said to be unknown.

use ratatui::text::Line;

use muster_protocol::status::Ntp;
use muster_protocol::time::SECOND;

use super::Sheet;
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;

/// The daemon leaves accounts out from here on.
const FAR: u64 = 2_000;

impl Sheet<'_> {
    /// A line of the source, one of the brokers' clocks, and one if it was set.
    pub(super) fn clock(&self) -> Vec<Line<'static>> {
        let clock = &self.status.clock;
        let mut lines = match clock.ntp {
            Ntp::Synchronised { at } => {
                let ago = text::ago(self.now.since(at));
                let words = format!("follows a time source (NTP), heard {ago}");
                self.marked("", (Mark::Good, Role::Plain), &words)
            }
            Ntp::Unsynchronised => {
                let words = "follows NO time source (NTP): timedatectl set-ntp true";
                self.marked("", (Mark::Bad, Role::Bad), words)
            }
            Ntp::Unknown => {
                let words = "unknown whether it follows a time source (NTP)";
                self.marked("", (Mark::Off, Role::Dim), words)
            }
        };
        lines.extend(self.offsets());
        if let Some(step) = clock.set {
            let way = if step.by_ms < 0 { "back" } else { "forward" };
            let by = tenths(step.by_ms.unsigned_abs());
            let words = format!("was set {way} by {by} s at {}", step.at.day_clock());
            lines.extend(self.marked("", (Mark::Busy, Role::Warn), &words));
        }
        lines
    }

    /// The brokers' clocks minus ours, from the `Date` of their answers.
    fn offsets(&self) -> Vec<Line<'static>> {
        let offsets = &self.status.clock.offsets;
        if offsets.is_empty() {
            let words = "offset to the brokers' clocks unknown: none has answered yet";
            return self.marked("", (Mark::Off, Role::Dim), words);
        }
        let far = offsets.iter().any(|offset| offset.offset_ms.unsigned_abs() > FAR);
        let words: Vec<String> = offsets
            .iter()
            .map(|offset| {
                let sign = match offset.offset_ms / 100 {
                    ..0 => "-",
                    0 => "",
                    1.. => "+",
                };
                let by = tenths(offset.offset_ms.unsigned_abs());
                let ago = text::ago(self.now.since(offset.at));
                format!("{} {sign}{by} s ({ago})", offset.broker.short())
            })
            .collect();
        let words = format!("brokers' clocks: {}", words.join(" · "));
        let look = if far { (Mark::Bad, Role::Bad) } else { (Mark::Good, Role::Plain) };
        self.marked("", look, &words)
    }
}

fn tenths(ms: u64) -> String {
    let second = SECOND.unsigned_abs();
    format!("{}.{}", ms / second, ms % second / 100)
}
