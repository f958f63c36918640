//! Both brokers simulated: an independent peer on the wire that shares no code with the daemon.
//! A sandbox holds its own accounts, orders, clock and faults; many may run in one process.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

pub use self::exchange::book::{OrderRecord, StepRecord};
pub use self::exchange::clock::{ClockReading, SandboxClock};
pub use self::exchange::order::PlacedBy;
pub use self::fault::{Fault, FaultKind};
pub use self::kite::BrowserLogin;
pub use self::net::route::Operation;
pub use self::people::account::{AccountFields, Broker, Holding, Plan};
pub use self::rules::{
    AngelMarket, AngelTypes, BookOrder, CancelChecks, CancelRedirect, ConsentPage, ExpiredToken,
    LimitFills, ListLogin, MarketHours, MarketTag, QuoteDialect, RateLimits, Rules, SliceReply,
    TotpReuse, UnknownKey,
};
pub use self::summary::{
    AccountSummary, AngelOneAccount, AngelOneSummary, KiteAccount, KiteSummary, Summary,
};

pub use self::truth::{PostbackRecord, RequestRecord};

use self::control::{Control, Observer};
use self::net::tls::Tls;
use self::net::{App, Lifetime};
use self::people::account::AccountDefaults;
use self::random::Random;
use self::world::{Door, State, World};

mod angel_one;
mod by_hand;
mod control;
mod exchange;
mod fault;
mod kite;
mod net;
mod people;
pub(crate) mod random;
mod rules;
mod summary;
mod truth;
mod world;

/// How a sandbox starts.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Accounts to begin with, over both brokers; Angel One gets the larger half.
    pub accounts: usize,
    /// Address of all listeners; their ports are free ones.
    pub listen: IpAddr,
    /// Exchange time.
    pub clock: SandboxClock,
    /// Whether the brokers and the observer speak TLS.
    pub tls: bool,
    /// Addresses registered for new accounts; the listen address when `None`.
    pub allowed_ips: Option<Vec<IpAddr>>,
    /// Redirect URL of new Kite apps.
    pub redirect_url: String,
    /// The switches.
    pub rules: Rules,
    /// Makes secrets and ids repeatable.
    pub seed: Option<u64>,
}

/// A running sandbox. Dropping it leaves its listeners open until the runtime ends: call `stop`.
#[derive(Debug)]
pub struct Sandbox {
    world: Arc<World>,
    addresses: Summary,
    life: Lifetime,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            accounts: 2,
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            clock: SandboxClock::wall(),
            tls: false,
            allowed_ips: None,
            redirect_url: "http://127.0.0.1:8000/callback".to_owned(),
            rules: Rules::default(),
            seed: None,
        }
    }
}

impl Sandbox {
    /// Binds four free ports and begins to answer on them.
    pub async fn start(config: SandboxConfig) -> anyhow::Result<Self> {
        let tls = config.tls.then(|| Tls::new(config.listen)).transpose()?;
        let (acceptor, ca_pem) = tls.map(|tls| (tls.acceptor, tls.ca_pem)).unzip();
        let listen = config.listen;
        let world = Arc::new(World::new(config.clock.clone(), state(config)));
        let life = Lifetime::default();
        let open = async |tls: Option<&TlsAcceptor>, app: Arc<dyn App>| {
            open_listener(listen, tls, app, &life).await
        };
        let tls = acceptor.as_ref();
        let door = |broker: Broker| {
            Arc::new(Door { world: Arc::clone(&world), manners: broker.manners() })
        };
        let angel_one = open(tls, door(Broker::AngelOne)).await?;
        let kite = open(tls, door(Broker::Kite)).await?;
        let observer_url = open(tls, Arc::new(Observer)).await?;
        let control_url = open(None, Arc::new(Control(Arc::clone(&world)))).await?;
        life.tasks.spawn(report(Arc::clone(&world), life.stop.clone()));
        let login_url = format!("{kite}/connect/login");
        let addresses = Summary {
            angel_one: AngelOneSummary { base_url: angel_one, accounts: Vec::new() },
            kite: KiteSummary { base_url: kite, login_url, accounts: Vec::new() },
            control_url,
            observer_url,
            ca_pem,
        };
        Ok(Self { world, addresses, life })
    }

    /// Addresses and accounts as they are now.
    pub fn summary(&self) -> Summary {
        let mut summary = self.addresses.clone();
        self.state().accounts.iter().for_each(|account| summary.push(account.into()));
        summary
    }

    /// The addresses, without the accounts.
    pub fn addresses(&self) -> Summary {
        self.addresses.clone()
    }

    /// Every order as the brokers have it, in the order of arrival.
    pub fn orders(&self) -> Vec<OrderRecord> {
        self.state().book.records()
    }

    /// Every request the brokers saw, and what was answered.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.state().log.records()
    }

    /// How often this call arrived at a broker, whatever became of it.
    pub fn calls(&self, broker: Broker, operation: Operation) -> usize {
        self.state().calls.get(&(broker, operation)).copied().unwrap_or(0)
    }

    /// Every session, refresh and request token the brokers gave out, dead ones too.
    pub fn issued_tokens(&self) -> Vec<String> {
        self.state().sessions.issued().cloned().collect()
    }

    /// The exchange clock; setting it moves this sandbox.
    pub fn clock(&self) -> SandboxClock {
        self.world.clock.clone()
    }

    /// Where the control port is.
    pub fn control_url(&self) -> &str {
        &self.addresses.control_url
    }

    /// Arms a fault.
    pub fn arm(&self, fault: Fault) {
        self.state().faults.arm(fault);
    }

    /// Disarms every fault.
    pub fn disarm(&self) {
        self.state().faults.clear();
    }

    /// The faults that may still strike.
    pub fn faults(&self) -> Vec<Fault> {
        self.state().faults.armed()
    }

    /// Changes the switches.
    pub fn set_rules(&self, rules: Rules) {
        self.state().rules = rules;
    }

    /// Sets an instrument's price by either broker's symbol; false if there is no such one.
    pub fn set_ltp(&self, exchange: &str, symbol: &str, ltp: &str) -> bool {
        let ltp = ltp.parse();
        ltp.is_ok_and(|ltp| self.state().market.set_ltp(exchange, symbol, ltp))
    }

    /// Adds an account; what `fields` leaves out is made up.
    pub fn add_account(&self, broker: Broker, fields: AccountFields) -> AccountSummary {
        AccountSummary::from(&self.state().open_account(broker, fields))
    }

    /// Changes what `fields` names of an account, except its id; `None` if it is unknown or the
    /// funds are no amount.
    pub fn change_account(
        &self,
        broker: Broker,
        account: &str,
        fields: AccountFields,
    ) -> Option<AccountSummary> {
        let mut state = self.state();
        let found = state.account(broker, account)?;
        found.change(fields).then(|| AccountSummary::from(&*found))
    }

    /// Registers the addresses orders of one account may come from; false if it is unknown.
    pub fn set_allowed_ips(&self, broker: Broker, account: &str, ips: Vec<IpAddr>) -> bool {
        self.state().account(broker, account).map(|found| found.allowed_ips = ips).is_some()
    }

    /// A person's browser login at Kite: where the browser is sent, or why it is not.
    pub fn kite_login(&self, login: &BrowserLogin) -> Result<String, &'static str> {
        let (mut state, now) = self.world.lock();
        kite::browser_login(&mut state, now, login)
    }

    /// A session as a login would open it: its token; `None` if the account is unknown.
    pub fn open_session(&self, broker: Broker, account: &str) -> Option<String> {
        let (mut state, now) = self.world.lock();
        let account = state.account(broker, account)?.id.clone();
        let token = state.random.text("CANARY", random::MIXED, 32);
        let expires_at = exchange::clock::next_hour_of_day(now, broker.session_ends());
        let refresh_token = String::new();
        let opened = token.clone();
        state.sessions.open(people::session::Session {
            broker,
            account,
            token,
            refresh_token,
            expires_at,
        });
        Some(opened)
    }

    /// The six digits an account's authenticator shows now.
    pub fn one_time_code(&self, broker: Broker, account: &str) -> Option<String> {
        let (mut state, now) = self.world.lock();
        state.account(broker, account)?.code(now)
    }

    /// Closes every connection and every port.
    pub async fn stop(self) {
        self.life.stop.cancel();
        self.life.tasks.close();
        let ended = tokio::time::timeout(STOP_LIMIT, self.life.tasks.wait()).await;
        drop(ended);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.world.lock().0
    }
}

impl SandboxConfig {
    /// A sandbox whose clock stands at `now` until a test moves it.
    pub fn frozen_at(now: Timestamp) -> Self {
        Self { clock: SandboxClock::frozen_at(now), ..Self::default() }
    }
}

fn state(config: SandboxConfig) -> State {
    let allowed_ips = config.allowed_ips.unwrap_or_else(|| vec![config.listen]);
    let mut state = State {
        accounts: Vec::new(),
        places: world::Places::default(),
        sessions: people::session::Sessions::default(),
        book: exchange::book::Book::default(),
        market: exchange::market::Market::standard(),
        faults: fault::Faults::default(),
        limiter: people::limit::Limiter::default(),
        log: truth::Log::default(),
        postbacks: Vec::new(),
        rules: config.rules,
        calls: BTreeMap::new(),
        random: config.seed.map_or_else(Random::fresh, Random::seeded),
        defaults: AccountDefaults { allowed_ips, redirect_url: config.redirect_url },
    };
    for number in 0..config.accounts {
        let broker = if number % 2 == 0 { Broker::AngelOne } else { Broker::Kite };
        state.open_account(broker, AccountFields::default());
    }
    state
}

/// Sends what is to be reported until the sandbox stops.
async fn report(world: Arc<World>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        for report in world.reports() {
            let answer = net::courier::post(&report.url, &report.body).await;
            world.reported(report.url, answer);
        }
        drop(tokio::time::timeout(REPORT_PAUSE, stop.cancelled()).await);
    }
}

/// Binds a free port and serves `app` on it; returns its root URL.
async fn open_listener(
    listen: IpAddr,
    tls: Option<&TlsAcceptor>,
    app: Arc<dyn App>,
    life: &Lifetime,
) -> anyhow::Result<String> {
    let listener = TcpListener::bind(SocketAddr::new(listen, 0)).await;
    let listener = listener.with_context(|| format!("listen on {listen}"))?;
    let address = listener.local_addr().context("read the port that was given")?;
    net::serve(listener, tls.cloned(), app, life);
    let scheme = if tls.is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://{address}"))
}

const REPORT_PAUSE: Duration = Duration::from_millis(50);
const STOP_LIMIT: Duration = Duration::from_secs(5);
