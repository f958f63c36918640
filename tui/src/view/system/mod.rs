//! Page 5: the daemon itself: what it is, what guards its secrets, how the world sees it, what it
//! keeps.

mod brokers;
mod clock;

use ratatui::text::{Line, Span};

use muster_protocol::house::HouseView;
use muster_protocol::status::{EgressState, EgressView, StatusView, VaultState};
use muster_protocol::time::{DAY, MINUTE, TimeOfDay, Timestamp};

use crate::app::layout::Size;
use crate::app::model::Model;
use crate::app::screens::system;
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::Content;
use crate::view::paint::{self, Pen};

/// An address that was seen longer ago may have changed since.
pub(super) const FRESH: i64 = 15 * MINUTE;

/// From this width on the page has two columns.
const TWO: u16 = 150;

/// What the page is written from.
struct Sheet<'a> {
    model: &'a Model,
    status: &'a StatusView,
    now: Timestamp,
    pen: Pen,
    width: usize,
}

/// The page.
pub(super) fn content(model: &Model, pen: Pen, body: Size) -> Content {
    let title = "System".to_owned();
    let Some(status) = &model.world.status else {
        let width = usize::from(body.width);
        let lines = pen.wrapped(Role::Plain, "the daemon has not answered yet", 2, width);
        return Content { title, lines, link: None };
    };
    let two = body.width >= TWO;
    let width = if two { body.width / 2 - 2 } else { body.width };
    let now = model.now().unwrap_or(status.now);
    let sheet = Sheet { model, status, now, pen, width: usize::from(width) };
    let (first, second) = (sheet.itself(), sheet.outside());
    let lines = if two {
        let height = first.len().max(second.len());
        paint::beside(first, second, (height, width), pen)
    } else {
        first.into_iter().chain(second).collect()
    };
    let scroll = model.system.scroll.min(lines.len().saturating_sub(usize::from(body.height)));
    Content { title, lines: lines.into_iter().skip(scroll).collect(), link: None }
}

impl Sheet<'_> {
    /// The daemon and what it keeps.
    fn itself(&self) -> Vec<Line<'static>> {
        let mut lines = self.daemon();
        lines.extend(self.vault());
        lines.extend(self.stops());
        lines.extend(self.next_run());
        lines.extend(self.house());
        lines
    }

    /// How it stands to the world.
    fn outside(&self) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        for egress in &self.status.egress {
            lines.extend(self.egress(egress));
        }
        for health in system::health(self.model) {
            lines.extend(self.broker(&health));
        }
        lines.push(self.calendar());
        let off = "off: paste the redirected address with p";
        let callback = self.status.callback.as_deref().unwrap_or(off);
        lines.extend(self.pen.field("callback", (Role::Plain, callback), self.width));
        lines
    }

    fn daemon(&self) -> Vec<Line<'static>> {
        let (status, pen) = (self.status, self.pen);
        let ours = env!("CARGO_PKG_VERSION");
        let differs = status.version != ours;
        let other = if differs {
            format!(" (this client is {ours}: update the older one)")
        } else {
            String::new()
        };
        let protocol = self.model.welcome.as_ref().map(|welcome| u32::from(welcome.protocol));
        let protocol = protocol.map(|n| format!(" · protocol {n}")).unwrap_or_default();
        let up = text::span(self.now.since(status.started));
        let words = format!(
            "{}{other} up {up}, since {}{protocol}",
            status.version,
            status.started.day_clock()
        );
        let role = if differs { Role::Warn } else { Role::Plain };
        let mut lines = pen.field("daemon", (role, &words), self.width);
        let role = self.model.welcome.as_ref().map(|welcome| match &welcome.role {
            muster_protocol::reply::Role::Operator => "operator: everything".to_owned(),
            muster_protocol::reply::Role::Viewer => "viewer: looks, changes nothing".to_owned(),
            muster_protocol::reply::Role::User { user } => {
                format!("user {user}: own accounts only")
            }
        });
        if let Some(role) = role {
            lines.extend(pen.field("you are", (Role::Plain, &role), self.width));
        }
        let market = status.market.words();
        let clock = format!("{} IST by the daemon's clock · market {market}", self.now.day_clock());
        lines.extend(pen.field("clock", (Role::Plain, &clock), self.width));
        lines.extend(self.clock());
        lines
    }

    /// `label  ● words`, the mark's colour on both.
    fn marked(&self, label: &str, (mark, role): (Mark, Role), words: &str) -> Vec<Line<'static>> {
        let sign = mark.sign(self.pen.ascii);
        self.pen.field(label, (role, &format!("{sign} {words}")), self.width)
    }

    fn vault(&self) -> Vec<Line<'static>> {
        let slots = self.model.system.house.as_ref().map(|house| house.slots.as_slice());
        let slots = slots.unwrap_or_default();
        let kinds: Vec<_> = slots.iter().map(|slot| slot.kind.words()).collect();
        let slots = match kinds.as_slice() {
            [] => String::new(),
            [only] => format!(" · opened by one {only} alone: add a recovery key"),
            many => format!(" · opened by {}", many.join(", ")),
        };
        match self.status.vault {
            VaultState::Open => {
                self.marked("vault", (Mark::Good, Role::Good), &format!("open{slots}"))
            }
            VaultState::Sealed => {
                let words = format!("SEALED: no account can log in; V opens it{slots}");
                self.marked("vault", (Mark::Bad, Role::Loud), &words)
            }
        }
    }

    fn stops(&self) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        if let Some(held) = self.status.held {
            lines.extend(self.marked("runs", (Mark::Bad, Role::Loud), held.words()));
        }
        let halts: Vec<_> =
            self.status.halts.iter().map(muster_protocol::halt::HaltScope::words).collect();
        if halts.is_empty() {
            lines.extend(self.marked("halts", (Mark::Good, Role::Plain), "none"));
        } else {
            let words = format!("HALTED: {} · H resumes", halts.join(", "));
            lines.extend(self.marked("halts", (Mark::Bad, Role::Loud), &words));
        }
        lines
    }

    fn next_run(&self) -> Vec<Line<'static>> {
        let next = self.status.next_run.as_ref().map_or_else(
            || "none".to_owned(),
            |next| {
                let left = text::countdown(next.at.since(self.now));
                let at = next.at.day_clock();
                format!("{} at {at}, in {left}, {}", next.plan, next.mode.words())
            },
        );
        self.pen.field("next run", (Role::Plain, &next), self.width)
    }

    fn house(&self) -> Vec<Line<'static>> {
        let pen = self.pen;
        let mut lines = match (&self.model.system.house, &self.model.system.trouble) {
            (Some(house), _) => self.kept(house),
            (None, Some(why)) => pen.field("store", (Role::Warn, why), self.width),
            (None, None) => pen.field("store", (Role::Dim, "asking the daemon…"), self.width),
        };
        let audit = self.status.audit.as_ref().map_or_else(
            || "nothing yet".to_owned(),
            |audit| {
                let hash = text::clip_hard(&audit.hash, 16);
                let entries = text::grouped(count(audit.entries));
                let word = if audit.entries == 1 { "entry" } else { "entries" };
                format!("{entries} {word}, head {hash}")
            },
        );
        lines.extend(pen.field("audit", (Role::Plain, &audit), self.width));
        lines
    }

    fn kept(&self, house: &HouseView) -> Vec<Line<'static>> {
        let size = house.store_bytes.map_or_else(|| "size unknown".to_owned(), text::bytes);
        let (records, journal) = (text::grouped(count(house.records)), count(house.journal));
        let journal = text::grouped(journal);
        let words = format!("{size} · {records} records · journal {journal} entries");
        let mut lines = self.pen.field("store", (Role::Plain, &words), self.width);
        let backup = house.backup.map(|at| (self.now.since(at), at));
        lines.extend(match backup {
            None => {
                let words = "none known: muster backup /a/whole/path";
                self.marked("backup", (Mark::Bad, Role::Warn), words)
            }
            Some((age, at)) => {
                let words = format!("{} ({})", at.day_clock(), text::ago(age));
                let fresh = age < 2 * DAY;
                let role = if fresh { Role::Good } else { Role::Warn };
                self.marked("backup", (if fresh { Mark::Good } else { Mark::Busy }, role), &words)
            }
        });
        lines
    }

    fn egress(&self, egress: &EgressView) -> Vec<Line<'static>> {
        let pen = self.pen;
        let label = text::fit(&format!(" egress {}", egress.name), 13);
        let mut head = Line::from(vec![
            pen.text(Role::Dim, format!("{label} ")),
            pen.text(Role::Title, egress.address.clone()),
            pen.text(Role::Dim, format!(" · {}", text::count(egress.accounts, "account"))),
        ]);
        let (mark, words) = seen(egress, self.now);
        let tail = [pen.mark(mark), pen.text(paint::role_of(mark), format!(" {words}"))];
        let wide: usize = tail.iter().map(Span::width).sum();
        let mut lines = Vec::new();
        if head.width().saturating_add(wide).saturating_add(2) > self.width {
            lines.push(head);
            head = Line::from(pen.text(Role::Plain, " ".repeat(14)));
        } else {
            head.push_span(pen.text(Role::Plain, "  "));
        }
        head.extend(tail);
        lines.push(head);
        if !egress.shared_at.is_empty() {
            let names: Vec<_> = egress.shared_at.iter().map(|broker| broker.title()).collect();
            let words = format!(
                "several people share it at {}: allowed for a family, else only through an empanelled provider",
                names.join(" and ")
            );
            lines.extend(pen.wrapped(Role::Warn, &words, 14, self.width));
        }
        lines
    }

    fn calendar(&self) -> Line<'static> {
        let until = self.status.calendar_until;
        let left = until.at(TimeOfDay::hm(0, 0)).since(self.now);
        let (mark, words) = match left {
            ..0 => (Mark::Bad, ": no run will fire until newer holiday data is there"),
            ms if ms < 30 * DAY => (Mark::Busy, ": newer holiday data is needed soon"),
            _ => (Mark::Good, ""),
        };
        let pen = self.pen;
        Line::from(vec![
            pen.text(Role::Dim, text::fit(" calendar", 14)),
            pen.mark(mark),
            pen.text(
                paint::role_of(mark),
                format!(" holidays known until {}{words}", until.words()),
            ),
        ])
    }
}

/// What the world was seen to see of an egress, and how good that is.
fn seen(egress: &EgressView, now: Timestamp) -> (Mark, String) {
    let Some(seen) = &egress.observed else {
        return (Mark::Off, "not observed yet".to_owned());
    };
    let age = now.since(seen.at);
    let ago = text::ago(age);
    if egress.state == EgressState::Gone {
        return (Mark::Bad, "GONE: nothing can leave by it".to_owned());
    }
    if seen.address != egress.address {
        return (Mark::Bad, format!("but the world sees {} ({ago})", seen.address));
    }
    if egress.state != EgressState::Stale && age < FRESH {
        (Mark::Good, format!("observed {ago}"))
    } else {
        (Mark::Busy, format!("last observed {ago}: stale"))
    }
}

fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
