//! An adapter held under its broker's limits: so many calls of a kind and an account in a time, and so
//! many readers at once. Orders are spaced by the domain; here they wait only where what they waited for
//! before, a price above all, has brought them together. No reader stands in their way. Starts empty, and
//! lets nothing burst. Counts and waits by the clock that nobody can set.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use async_trait::async_trait;
use muster_protocol::failure::FailureKind;
use muster_protocol::ids::OrderId;
use muster_protocol::money::Paise;
use muster_protocol::order::Broker;
use muster_protocol::time::{MINUTE, SECOND, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::merged::{self, Merged};
use crate::broker::catalog::{Downloaded, Validators};
use crate::broker::error::BrokerError;
use crate::broker::{Adapter, Auth, Opened, Order, Probed, Profile, Proof, QUOTES, Quote, Reached};
use crate::clock::Clock;
use crate::credential::Credential;
use crate::domain::book::{BookRow, Trade};
use crate::domain::instrument::Instrument;
use crate::domain::limits::ORDER_SPACING_MS;

const HOUR: i64 = 60 * MINUTE;
/// As the domain spaces orders, or a little less: what it has spaced does not wait here.
const APART: i64 = ORDER_SPACING_MS - 10;
/// The most calls of readers at once at one broker.
const READERS: usize = 16;
/// A reader waits no longer than this; then it is told that it is throttled, and nothing was sent.
const PATIENCE_MS: i64 = 5 * SECOND;

/// Calls that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Class {
    Login,
    Logout,
    Profile,
    Funds,
    Book,
    Trades,
    Price,
    Orders,
}

/// So many calls in so many milliseconds.
type Window = (usize, i64);

/// One class at one broker; a class without a row shares the row that lists it.
struct Row {
    broker: Broker,
    classes: &'static [Class],
    windows: &'static [Window],
}

/// A little under what the brokers document; a call a second is spaced by more than a second, since
/// calls well under that limit have been throttled (reported), and one may be longer on its way than the
/// next.
const ROWS: &[Row] = &[
    angel(&[Class::Login], &[(1, 1_300)]),
    angel(&[Class::Logout], &[(1, 1_300)]),
    angel(&[Class::Profile], &[(2, SECOND), (900, HOUR)]),
    angel(&[Class::Funds], &[(1, 600)]),
    angel(&[Class::Book], &[(1, 1_300)]),
    angel(&[Class::Trades], &[(1, 1_300)]),
    // One page says ten a second, another one; the tighter is kept.
    angel(&[Class::Price], &[(1, 1_300), (400, MINUTE), (4_500, HOUR)]),
    // One by one: eight at once and eight a second later may arrive as sixteen.
    angel(&[Class::Orders], &[(1, APART), (8, SECOND), (450, MINUTE), (900, HOUR)]),
    kite(
        &[Class::Login, Class::Logout, Class::Profile, Class::Funds, Class::Book, Class::Trades],
        &[(8, SECOND)],
    ),
    kite(&[Class::Price], &[(1, 1_300)]),
    kite(&[Class::Orders], &[(1, APART), (8, SECOND), (360, MINUTE)]),
];

const fn angel(classes: &'static [Class], windows: &'static [Window]) -> Row {
    Row { broker: Broker::AngelOne, classes, windows }
}

const fn kite(classes: &'static [Class], windows: &'static [Window]) -> Row {
    Row { broker: Broker::Zerodha, classes, windows }
}

/// What is counted of one broker, whatever the egress.
pub struct Limits {
    broker: Broker,
    clock: Arc<dyn Clock>,
    readers: Semaphore,
    starts: Mutex<HashMap<(Account, usize), VecDeque<Steady>>>,
}

/// An instant of the clock that nobody can set, in milliseconds.
type Steady = i64;

/// Whose calls are counted: a hash, by a key of this process, of what names the account at the broker.
pub(super) type Account = [u64; 2];

fn account(credential: &Credential) -> Account {
    static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
    let named = match credential {
        Credential::AngelOne { client_id, .. } => client_id,
        Credential::Zerodha { api_key, .. } => api_key.expose(),
    };
    KEYS.each_ref().map(|key| key.hash_one(named))
}

impl Limits {
    /// Empty counts.
    pub fn new(broker: Broker, clock: Arc<dyn Clock>) -> Arc<Self> {
        let readers = Semaphore::new(READERS);
        Arc::new(Self { broker, clock, readers, starts: Mutex::default() })
    }

    /// Books a start: at once for who does not wait, else when every window has room. `None` if that is too far off.
    fn book(&self, account: Account, class: Class, waits: bool) -> Option<Steady> {
        let now = self.clock.shown().steady_ms;
        let is_it = |row: &&Row| row.broker == self.broker && row.classes.contains(&class);
        let Some(at) = ROWS.iter().position(|row| is_it(&row)) else { return Some(now) };
        let windows = ROWS.get(at).map_or(&[][..], |row| row.windows);
        let mut all = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        let starts = all.entry((account, at)).or_default();
        let longest = windows.iter().map(|(_, ms)| *ms).max().unwrap_or(0);
        starts.retain(|start| now.saturating_sub(*start) < longest);
        if starts.back().is_some_and(|last| last.saturating_sub(now) > PATIENCE_MS) {
            // There is but one clock, as in the demo, and it was set back.
            starts.clear();
        }
        let free = windows.iter().filter_map(|(count, ms)| {
            let nth = starts.len().checked_sub(*count)?;
            starts.get(nth).map(|start| start.saturating_add(*ms))
        });
        let start = if waits { free.max().unwrap_or(now).max(now) } else { now };
        if start.saturating_sub(now) > PATIENCE_MS {
            return None;
        }
        let place = starts.partition_point(|known| *known <= start);
        starts.insert(place, start);
        Some(start)
    }

    /// Waits for the account's turn, then for a reader's place.
    async fn reader(
        &self,
        credential: &Credential,
        class: Class,
    ) -> Result<Option<SemaphorePermit<'_>>, BrokerError> {
        self.turn(credential, class).await?;
        // Never closed; without a place it would still be only one call more.
        Ok(self.readers.acquire().await.ok())
    }

    async fn turn(&self, credential: &Credential, class: Class) -> Result<(), BrokerError> {
        self.wait(account(credential), class).await.ok_or_else(|| {
            let says = "too many calls of this account; nothing was sent";
            BrokerError::says(FailureKind::RateLimited, says)
        })
    }

    /// An order's turn. A throttled order is in doubt at its broker: one that is kept back here is not.
    async fn order_turn(&self, account: Account) -> Result<(), BrokerError> {
        self.wait(account, Class::Orders).await.ok_or_else(|| {
            let says = "its account has sent as many orders as its broker takes in a minute or an hour; nothing was sent";
            BrokerError::says(FailureKind::Unreachable, says)
        })
    }

    async fn wait(&self, account: Account, class: Class) -> Option<()> {
        let start = self.book(account, class, true)?;
        loop {
            let left = start.saturating_sub(self.clock.shown().steady_ms);
            // The wall clock may be set meanwhile: a sleep ends early then, and what is left is asked anew.
            if left <= 0 {
                return Some(());
            }
            self.clock.sleep_until(self.clock.now().plus(left.min(PATIENCE_MS))).await;
        }
    }

    fn cancels(&self, auth: Auth<'_>) {
        // Spaced by the domain, and not to be kept back; counted so that others keep out of its way.
        self.book(account(auth.credential), Class::Orders, false);
    }
}

/// An adapter under its broker's limits.
pub struct Limited {
    inner: Arc<dyn Adapter>,
    limits: Arc<Limits>,
    merged: Merged,
}

impl Limited {
    /// The adapter, counted with all others of these limits.
    pub fn new(inner: Arc<dyn Adapter>, limits: Arc<Limits>) -> Self {
        Self { inner, limits, merged: Merged::default() }
    }

    /// In as few questions as the brokers' limit allows; each further one has its own turn.
    async fn ask_prices(&self, auth: Auth<'_>, all: &[Instrument]) -> merged::Answer {
        let mut quotes = Vec::with_capacity(all.len());
        for (number, some) in all.chunks(QUOTES).enumerate() {
            if number > 0 {
                self.limits.turn(auth.credential, Class::Price).await?;
            }
            quotes.extend(self.inner.quotes(auth, some).await?);
        }
        Ok(quotes)
    }
}

#[async_trait]
impl Adapter for Limited {
    fn broker(&self) -> Broker {
        self.inner.broker()
    }

    fn login_page(&self, credential: &Credential, state: &str) -> Option<String> {
        self.inner.login_page(credential, state)
    }

    async fn reach(&self, now: Timestamp) -> Result<Reached, BrokerError> {
        self.inner.reach(now).await
    }

    async fn login(
        &self,
        credential: &Credential,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<Opened, BrokerError> {
        let _place = self.limits.reader(credential, Class::Login).await?;
        self.inner.login(credential, proof, now).await
    }

    async fn profile(&self, auth: Auth<'_>) -> Result<Profile, BrokerError> {
        let _place = self.limits.reader(auth.credential, Class::Profile).await?;
        self.inner.profile(auth).await
    }

    async fn funds(&self, auth: Auth<'_>) -> Result<Paise, BrokerError> {
        let _place = self.limits.reader(auth.credential, Class::Funds).await?;
        self.inner.funds(auth).await
    }

    async fn probe_order_permission(&self, auth: Auth<'_>) -> Result<Probed, BrokerError> {
        let _place = self.limits.reader(auth.credential, Class::Orders).await?;
        self.inner.probe_order_permission(auth).await
    }

    async fn quotes(
        &self,
        auth: Auth<'_>,
        instruments: &[Instrument],
    ) -> Result<Vec<Option<Quote>>, BrokerError> {
        let (answer, turn) = self.merged.put(account(auth.credential), instruments);
        if let Some(turn) = turn {
            // A run waits for it: no reader's place is asked for.
            match self.limits.turn(auth.credential, Class::Price).await {
                Ok(()) => turn.ask(async |all| self.ask_prices(auth, all).await).await,
                Err(error) => turn.refuse(&error),
            }
        }
        answer.await.unwrap_or_else(|_| Err(merged::unasked()))
    }

    async fn place(&self, auth: Auth<'_>, order: &Order) -> Result<OrderId, BrokerError> {
        self.limits.order_turn(account(auth.credential)).await?;
        self.inner.place(auth, order).await
    }

    async fn order_book(&self, auth: Auth<'_>) -> Result<Vec<BookRow>, BrokerError> {
        let _place = self.limits.reader(auth.credential, Class::Book).await?;
        self.inner.order_book(auth).await
    }

    async fn trades(&self, auth: Auth<'_>) -> Result<Vec<Trade>, BrokerError> {
        let _place = self.limits.reader(auth.credential, Class::Trades).await?;
        self.inner.trades(auth).await
    }

    async fn cancel(&self, auth: Auth<'_>, order_id: &OrderId) -> Result<(), BrokerError> {
        self.limits.cancels(auth);
        self.inner.cancel(auth, order_id).await
    }

    async fn logout(&self, auth: Auth<'_>) -> Result<(), BrokerError> {
        let _place = self.limits.reader(auth.credential, Class::Logout).await?;
        self.inner.logout(auth).await
    }

    async fn list(
        &self,
        auth: Option<Auth<'_>>,
        known: Option<&Validators>,
    ) -> Result<Option<Downloaded>, BrokerError> {
        if let Some(auth) = auth {
            // One call of the account's like any other. Its length takes no reader's place.
            self.limits.turn(auth.credential, Class::Profile).await?;
        }
        self.inner.list(auth, known).await
    }
}

#[cfg(test)]
mod tests;
