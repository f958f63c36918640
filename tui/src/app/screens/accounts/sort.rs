//! The order of the accounts' rows: filtered and sorted once when something changes, not once a frame.

use std::cmp::Ordering;

use muster_protocol::account::{AccountStatus, AccountView, Fitness, SessionView};
use muster_protocol::check::OrderPermission;
use muster_protocol::ids::AccountId;
use muster_protocol::time::Timestamp;

use crate::app::words;
use crate::app::world::World;

/// What the rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Sort {
    #[default]
    User,
    /// Who is not fit, then who is not well.
    Trouble,
    Broker,
    Status,
    Permission,
    LastOk,
    Session,
    Auto,
    LastRun,
    Latency,
}

impl Sort {
    const ALL: [Self; 10] = [
        Self::User,
        Self::Trouble,
        Self::Broker,
        Self::Status,
        Self::Permission,
        Self::LastOk,
        Self::Session,
        Self::Auto,
        Self::LastRun,
        Self::Latency,
    ];

    /// The words on the screen.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::User => "by user",
            Self::Trouble => "trouble first",
            Self::Broker => "by broker",
            Self::Status => "by status",
            Self::Permission => "by IP verdict",
            Self::LastOk => "by last connection",
            Self::Session => "by session left",
            Self::Auto => "by auto-execute",
            Self::LastRun => "by last run",
            Self::Latency => "by latency",
        }
    }

    /// The column it goes by.
    pub(crate) const fn column(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Trouble | Self::Status => "STATUS",
            Self::Broker => "BROKER",
            Self::Permission => "IP",
            Self::LastOk => "LAST OK",
            Self::Session => "SESSION",
            Self::Auto => "AUTO",
            Self::LastRun => "LAST RUN",
            Self::Latency => "LATENCY",
        }
    }

    /// The one after it.
    pub(crate) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|other| *other == self).unwrap_or(0);
        Self::ALL.get(at.saturating_add(1)).copied().unwrap_or_default()
    }

    fn compare(self, a: &AccountView, b: &AccountView) -> Ordering {
        match self {
            Self::User => Ordering::Equal,
            Self::Trouble => trouble(a).cmp(&trouble(b)),
            Self::Broker => a.broker.cmp(&b.broker),
            Self::Status => a.status.words().cmp(b.status.words()),
            Self::Permission => verdict(&a.permission).cmp(&verdict(&b.permission)),
            Self::LastOk => a.last_ok.cmp(&b.last_ok),
            Self::Session => until(a.session).cmp(&until(b.session)),
            Self::Auto => b.auto_execute.cmp(&a.auto_execute),
            Self::LastRun => good(a).cmp(&good(b)),
            Self::Latency => b.latency_ms.cmp(&a.latency_ms),
        }
    }
}

/// The rows in order, and what they were made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rows {
    ids: Vec<AccountId>,
    made_of: Option<(u64, String, Sort, bool)>,
}

impl Rows {
    /// The accounts in order.
    pub(crate) fn ids(&self) -> &[AccountId] {
        &self.ids
    }

    /// Makes the rows anew if anything they are made of has changed.
    pub(crate) fn settle(&mut self, world: &World, filter: &str, (sort, turned): (Sort, bool)) {
        let fresh = self.made_of.as_ref().is_some_and(|(version, of, by, way)| {
            *version == world.accounts_version && of == filter && *by == sort && *way == turned
        });
        if fresh {
            return;
        }
        let wanted =
            |account: &&AccountView| filter.is_empty() || words::account_matches(account, filter);
        let mut rows: Vec<&AccountView> = world.accounts.values().filter(wanted).collect();
        rows.sort_by(|a, b| {
            let order = sort.compare(a, b).then_with(|| a.user.cmp(&b.user)).then(a.id.cmp(&b.id));
            if turned { order.reverse() } else { order }
        });
        self.ids = rows.iter().map(|account| account.id).collect();
        self.made_of = Some((world.accounts_version, filter.to_owned(), sort, turned));
    }
}

const fn trouble(account: &AccountView) -> u8 {
    match (&account.fitness, account.status) {
        (Fitness::Unfit { .. }, _) => 0,
        (Fitness::Fit, AccountStatus::Active) => 2,
        (Fitness::Fit, _) => 1,
        (Fitness::Off, _) => 3,
    }
}

const fn verdict(permission: &OrderPermission) -> u8 {
    match permission {
        OrderPermission::Refused { .. } => 0,
        OrderPermission::NoIpRegistered => 1,
        OrderPermission::CannotTell { .. } => 2,
        OrderPermission::Untested => 3,
        OrderPermission::Allowed => 4,
    }
}

const fn until(session: SessionView) -> Option<Timestamp> {
    match session {
        SessionView::Live { until, .. } => Some(until),
        SessionView::None | SessionView::Ended { .. } => None,
    }
}

/// Orders of the last run that went well, of a thousand; who was left out comes first.
fn good(account: &AccountView) -> Option<u32> {
    let counts = account.last_run.as_ref()?.counts?;
    let good = counts.accepted.saturating_add(counts.rehearsed);
    good.saturating_mul(1_000).checked_div(counts.total())
}
