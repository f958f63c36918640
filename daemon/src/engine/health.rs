//! How the brokers behave: what they did not serve within the last hour, and when they last answered.
//! Counted round each adapter, over all accounts and ways out; whose call it was is not kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use muster_protocol::failure::FailureKind;
use muster_protocol::house::{BrokerFault, BrokerHealth};
use muster_protocol::ids::OrderId;
use muster_protocol::money::Paise;
use muster_protocol::order::Broker;
use muster_protocol::time::{MINUTE, Timestamp};

use crate::broker::catalog::{Downloaded, Validators};
use crate::broker::error::BrokerError;
use crate::broker::http::ADDRESS_GONE;
use crate::broker::{Adapter, Auth, Opened, Order, Probed, Profile, Proof, Quote, Reached};
use crate::clock::Clock;
use crate::credential::Credential;
use crate::domain::book::{BookRow, Trade};
use crate::domain::instrument::Instrument;

/// So many minutes are looked back on.
const MINUTES: i64 = 60;

/// What is kept of one broker.
pub(super) struct Kept {
    broker: Broker,
    clock: Arc<dyn Clock>,
    lately: Mutex<Lately>,
}

#[derive(Default)]
struct Lately {
    /// The newest last, none older than an hour.
    minutes: VecDeque<Minute>,
    last_ok: Option<Timestamp>,
    last_fault: Option<BrokerFault>,
}

/// The calls that ended within a minute of the clock.
struct Minute {
    number: i64,
    calls: u32,
    faults: BTreeMap<FailureKind, u32>,
}

impl Kept {
    /// Nothing yet.
    pub(super) fn new(broker: Broker, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { broker, clock, lately: Mutex::default() })
    }

    /// How the broker has behaved, as of now.
    pub(super) fn view(&self) -> BrokerHealth {
        let now = self.clock.now();
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately.forget(now);
        let mut faults: BTreeMap<FailureKind, u32> = BTreeMap::new();
        for (kind, count) in lately.minutes.iter().flat_map(|minute| &minute.faults) {
            let sum = faults.entry(*kind).or_default();
            *sum = sum.saturating_add(*count);
        }
        BrokerHealth {
            broker: self.broker,
            calls: lately.minutes.iter().fold(0, |sum, minute| sum.saturating_add(minute.calls)),
            faults,
            last_ok: lately.last_ok,
            last_fault: lately.last_fault,
        }
    }

    fn ended(&self, error: Option<&BrokerError>) {
        // An address this machine has lost says nothing of the broker.
        if error.is_some_and(|error| error.says.as_deref() == Some(ADDRESS_GONE)) {
            return;
        }
        let now = self.clock.now();
        let fault = error.map(|error| error.kind).filter(|kind| kind.is_the_brokers());
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately.forget(now);
        let minute = lately.minute(now);
        minute.calls = minute.calls.saturating_add(1);
        if let Some(kind) = fault {
            let count = minute.faults.entry(kind).or_default();
            *count = count.saturating_add(1);
        }
        match fault {
            Some(kind) => lately.last_fault = Some(BrokerFault { kind, at: now }),
            None => lately.last_ok = Some(now),
        }
    }
}

impl Lately {
    /// Drops what is older than an hour, or of a clock that was set back.
    fn forget(&mut self, now: Timestamp) {
        let number = minute_of(now);
        self.minutes.retain(|minute| (0..MINUTES).contains(&number.saturating_sub(minute.number)));
    }

    fn minute(&mut self, now: Timestamp) -> &mut Minute {
        let number = minute_of(now);
        let place = self.minutes.partition_point(|minute| minute.number < number);
        if self.minutes.get(place).is_none_or(|minute| minute.number != number) {
            self.minutes.insert(place, Minute { number, calls: 0, faults: BTreeMap::new() });
        }
        &mut self.minutes[place]
    }
}

const fn minute_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(MINUTE)
}

/// An adapter whose answers are counted.
pub(super) struct Watched {
    inner: Arc<dyn Adapter>,
    kept: Arc<Kept>,
}

impl Watched {
    /// The adapter, counted with all others of its broker.
    pub(super) fn new(inner: Arc<dyn Adapter>, kept: Arc<Kept>) -> Self {
        Self { inner, kept }
    }

    fn note<T>(&self, answer: Result<T, BrokerError>) -> Result<T, BrokerError> {
        self.kept.ended(answer.as_ref().err());
        answer
    }
}

#[async_trait]
impl Adapter for Watched {
    fn broker(&self) -> Broker {
        self.inner.broker()
    }

    fn login_page(&self, credential: &Credential, state: &str) -> Option<String> {
        self.inner.login_page(credential, state)
    }

    async fn reach(&self, now: Timestamp) -> Result<Reached, BrokerError> {
        self.note(self.inner.reach(now).await)
    }

    async fn login(
        &self,
        credential: &Credential,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<Opened, BrokerError> {
        self.note(self.inner.login(credential, proof, now).await)
    }

    async fn profile(&self, auth: Auth<'_>) -> Result<Profile, BrokerError> {
        self.note(self.inner.profile(auth).await)
    }

    async fn funds(&self, auth: Auth<'_>) -> Result<Paise, BrokerError> {
        self.note(self.inner.funds(auth).await)
    }

    async fn probe_order_permission(&self, auth: Auth<'_>) -> Result<Probed, BrokerError> {
        self.note(self.inner.probe_order_permission(auth).await)
    }

    async fn quotes(
        &self,
        auth: Auth<'_>,
        instruments: &[Instrument],
    ) -> Result<Vec<Option<Quote>>, BrokerError> {
        self.note(self.inner.quotes(auth, instruments).await)
    }

    async fn place(&self, auth: Auth<'_>, order: &Order) -> Result<OrderId, BrokerError> {
        self.note(self.inner.place(auth, order).await)
    }

    async fn order_book(&self, auth: Auth<'_>) -> Result<Vec<BookRow>, BrokerError> {
        self.note(self.inner.order_book(auth).await)
    }

    async fn trades(&self, auth: Auth<'_>) -> Result<Vec<Trade>, BrokerError> {
        self.note(self.inner.trades(auth).await)
    }

    async fn cancel(&self, auth: Auth<'_>, order_id: &OrderId) -> Result<(), BrokerError> {
        self.note(self.inner.cancel(auth, order_id).await)
    }

    async fn logout(&self, auth: Auth<'_>) -> Result<(), BrokerError> {
        self.note(self.inner.logout(auth).await)
    }

    async fn list(
        &self,
        auth: Option<Auth<'_>>,
        known: Option<&Validators>,
    ) -> Result<Option<Downloaded>, BrokerError> {
        self.note(self.inner.list(auth, known).await)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// A clock that is set.
    struct Set(AtomicI64);

    #[async_trait]
    impl Clock for Set {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst))
        }

        async fn sleep_until(&self, _: Timestamp) {}
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE)
    }

    #[test]
    fn an_hour_is_looked_back_on_and_only_the_brokers_own_faults_count() {
        let clock = Arc::new(Set(AtomicI64::new(at(1_000).millis())));
        let kept = Kept::new(Broker::AngelOne, clock.clone());
        let set = |minute: i64| clock.0.store(at(minute).millis(), Ordering::SeqCst);
        kept.ended(None);
        kept.ended(Some(&BrokerError::bare(FailureKind::RateLimited)));
        kept.ended(Some(&BrokerError::bare(FailureKind::RateLimited)));
        set(1_030);
        kept.ended(Some(&BrokerError::bare(FailureKind::OtpRejected)));
        kept.ended(Some(&BrokerError::bare(FailureKind::Maintenance)));
        kept.ended(Some(&BrokerError::says(FailureKind::Unreachable, ADDRESS_GONE)));
        let seen = kept.view();
        let faults = [(FailureKind::RateLimited, 2), (FailureKind::Maintenance, 1)];
        assert_eq!((seen.calls, seen.faults), (5, BTreeMap::from(faults)));
        assert_eq!(seen.last_ok, Some(at(1_030)), "who says no has answered");
        let last = BrokerFault { kind: FailureKind::Maintenance, at: at(1_030) };
        assert_eq!(seen.last_fault, Some(last));
        set(1_060);
        assert_eq!(kept.view().calls, 2, "what is an hour old is gone");
        set(1_090);
        let seen = kept.view();
        assert_eq!((seen.calls, seen.faults.len(), seen.last_fault), (0, 0, Some(last)));
    }

    #[test]
    fn a_clock_set_back_begins_anew() {
        let clock = Arc::new(Set(AtomicI64::new(at(1_000).millis())));
        let kept = Kept::new(Broker::Zerodha, clock.clone());
        kept.ended(None);
        clock.0.store(at(10).millis(), Ordering::SeqCst);
        kept.ended(None);
        assert_eq!((kept.view().calls, kept.view().last_ok), (1, Some(at(10))));
    }
}
