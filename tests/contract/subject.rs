//! One broker under test: its adapter, one person's account in a sandbox of its own, and a session.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use async_trait::async_trait;
use muster_protocol::account::Credential as Entered;
use muster_protocol::ids::OrderTag;
use muster_protocol::order::{Broker, Exchange, Leg};
use muster_protocol::secret::Secret;
use muster_protocol::time::Timestamp;
use muster_tests::sandbox::{
    self, BrowserLogin, Operation, RateLimits, Rules, Sandbox, SandboxClock, SandboxConfig,
};
use musterd::broker::base_url::BaseUrl;
use musterd::broker::http::{Http, Route, Timeouts, Tls};
use musterd::broker::zerodha::redirect::{self, Redirected};
use musterd::broker::{
    Adapter, Auth, BrokerError, Endpoints, Leave, Opened, Order, Proof, adapter,
};
use musterd::clock::Clock;
use musterd::credential::{Credential, SecretText, SessionSecret};
use musterd::domain::instrument::Instrument;
use musterd::engine::limited::{Limited, Limits};

/// A broker under test.
pub(crate) struct Subject {
    /// Which.
    pub(crate) broker: Broker,
    /// The adapter, leaving from anywhere.
    pub(crate) adapter: Arc<dyn Adapter>,
    /// The broker itself.
    pub(crate) sandbox: Sandbox,
    /// What the person entered.
    pub(crate) credential: Credential,
    session: SessionSecret,
    instrument: Instrument,
    certificate: Option<String>,
}

impl Subject {
    /// A sandbox with one account of this broker, logged in.
    pub(crate) async fn new(broker: Broker) -> anyhow::Result<Self> {
        Self::at(broker, false).await
    }

    /// The same over TLS, as the real brokers are called.
    pub(crate) async fn over_tls(broker: Broker) -> anyhow::Result<Self> {
        Self::at(broker, true).await
    }

    async fn at(broker: Broker, tls: bool) -> anyhow::Result<Self> {
        let clock = SandboxClock::starting_at("2026-11-23T12:00:00+05:30".parse()?, 1.0);
        // Of two accounts each broker gets one.
        let config = SandboxConfig { clock, tls, rules: rules(), ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config).await?;
        let certificate = sandbox.summary().ca_pem;
        let http = http(&Route::default(), certificate.as_deref())?;
        let adapter = adapter(broker, &endpoints(&sandbox, None)?, http);
        let credential = checked(&entered(broker, &sandbox)?)?;
        let list = adapter.list(None, None).await?.context("a list")?.listing;
        let instrument = list.find(Exchange::Nse, "SBIN").context("no SBIN")?;
        let session = open(&*adapter, &sandbox, &credential).await??.secret;
        Ok(Self { broker, adapter, sandbox, credential, session, instrument, certificate })
    }

    /// What signs a call.
    pub(crate) const fn auth(&self) -> Auth<'_> {
        Auth { credential: &self.credential, session: &self.session }
    }

    /// Which broker of the sandbox it is.
    pub(crate) const fn side(&self) -> sandbox::Broker {
        side(self.broker)
    }

    /// The account's id at the broker.
    pub(crate) fn account(&self) -> anyhow::Result<String> {
        let summary = self.sandbox.summary();
        let id = match self.broker {
            Broker::AngelOne => summary.angel_one.accounts.first().map(|a| a.client_code.clone()),
            Broker::Zerodha => summary.kite.accounts.first().map(|a| a.user_id.clone()),
        };
        id.context("no account")
    }

    /// Registers these addresses, and no other.
    pub(crate) fn allow(&self, addresses: &[&str]) -> anyhow::Result<()> {
        let ips = addresses.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        anyhow::ensure!(self.sandbox.set_allowed_ips(self.side(), &self.account()?, ips));
        Ok(())
    }

    /// How often this call has arrived.
    pub(crate) fn calls(&self, operation: Operation) -> usize {
        self.sandbox.calls(self.side(), operation)
    }

    /// The same adapter from this address, or to brokers behind this one.
    pub(crate) fn detour(
        &self,
        bind: Option<Ipv4Addr>,
        broker_at: Option<&str>,
    ) -> anyhow::Result<Arc<dyn Adapter>> {
        let http = http(&Route { bind, proxy: None }, self.certificate.as_deref())?;
        Ok(adapter(self.broker, &endpoints(&self.sandbox, broker_at)?, http))
    }

    /// The same adapter through this proxy.
    pub(crate) fn through(&self, proxy: String) -> anyhow::Result<Arc<dyn Adapter>> {
        let route = Route { bind: None, proxy: Some(proxy) };
        let http = http(&route, self.certificate.as_deref())?;
        Ok(adapter(self.broker, &endpoints(&self.sandbox, None)?, http))
    }

    /// Logs in with another credential.
    pub(crate) async fn log_in(
        &self,
        credential: &Credential,
    ) -> anyhow::Result<Result<Opened, BrokerError>> {
        open(&*self.adapter, &self.sandbox, credential).await
    }

    /// What the person would enter.
    pub(crate) fn entered(&self) -> anyhow::Result<Entered> {
        entered(self.broker, &self.sandbox)
    }

    /// One share, with the tag of this number.
    pub(crate) fn order(&self, number: usize) -> Order {
        let leg: Leg = serde_json::from_value(serde_json::json!({
            "exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 1,
            "product": "delivery", "price": {"rule": "limit", "price": 84_215},
        }))
        .expect("the literal above is a leg");
        // The last eight signs are the attempt and the MAC.
        let tag = OrderTag(format!("2X71A00{number:04}1QZ7WMPA"));
        Order { leg, instrument: self.instrument.clone(), tag, leave: Leave::default() }
    }

    /// The adapter as the daemon uses it: under its broker's limits. Time stands still but for what a
    /// limit waits for, so that calls arrive when they were begun.
    pub(crate) fn limited(&self) -> Limited {
        let clock = self.sandbox.clock();
        clock.set(Some(clock.now()), None, Some(true));
        Limited::new(Arc::clone(&self.adapter), Limits::new(self.broker, Arc::new(Waited(clock))))
    }

    /// The share every account can trade.
    pub(crate) const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// How many orders of this tag the broker has.
    pub(crate) fn booked(&self, order: &Order) -> usize {
        let tag = Some(order.tag.0.as_str());
        self.sandbox.orders().iter().filter(|row| row.tag.as_deref() == tag).count()
    }
}

/// The switches it begins with: floods are the subject of one promise only.
pub(crate) fn rules() -> Rules {
    Rules { rate_limits: RateLimits::Off, ..Rules::default() }
}

/// The sandbox's clock, moved by whoever waits.
struct Waited(SandboxClock);

#[async_trait]
impl Clock for Waited {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.now().as_millisecond())
    }

    async fn sleep_until(&self, at: Timestamp) {
        let missing = u64::try_from(at.since(self.now())).unwrap_or(0);
        let then = self.0.now() + Duration::from_millis(missing);
        self.0.set(Some(then), None, None);
    }
}

/// The person enters the credential: what cannot be right is refused.
pub(crate) fn checked(entered: &Entered) -> anyhow::Result<Credential> {
    Credential::check(entered).map_err(|wrong| anyhow::anyhow!("{wrong}"))
}

const fn side(broker: Broker) -> sandbox::Broker {
    match broker {
        Broker::AngelOne => sandbox::Broker::AngelOne,
        Broker::Zerodha => sandbox::Broker::Kite,
    }
}

fn endpoints(sandbox: &Sandbox, broker_at: Option<&str>) -> anyhow::Result<Endpoints> {
    let summary = sandbox.summary();
    let angel = summary.angel_one.base_url;
    let url = |text: &str| BaseUrl::parse(text).context("an address of the sandbox");
    Ok(Endpoints {
        angel_one: url(broker_at.unwrap_or(&angel))?,
        angel_one_instruments: url(&format!("{angel}/OpenAPI_File/files/OpenAPIScripMaster.json"))?,
        zerodha: url(broker_at.unwrap_or(&summary.kite.base_url))?,
        zerodha_login: url(&summary.kite.login_url)?,
    })
}

fn http(route: &Route, certificate: Option<&str>) -> anyhow::Result<Http> {
    let timeouts = Timeouts { connect: Duration::from_millis(500), total: Duration::from_secs(1) };
    Ok(Http::new(&Tls::new(certificate.map(str::as_bytes))?, route, timeouts)?)
}

fn entered(broker: Broker, sandbox: &Sandbox) -> anyhow::Result<Entered> {
    let secret = |text: &str| Secret::new(text.to_owned());
    let summary = sandbox.summary();
    Ok(match broker {
        Broker::AngelOne => {
            let account = summary.angel_one.accounts.first().context("no account")?;
            Entered::AngelOne {
                api_key: secret(&account.api_key),
                client_id: account.client_code.clone(),
                mpin: secret(&account.pin),
                totp_secret: secret(&account.totp_secret),
                api_secret: None,
            }
        }
        Broker::Zerodha => {
            let account = summary.kite.accounts.first().context("no account")?;
            Entered::Zerodha {
                api_key: secret(&account.api_key),
                api_secret: secret(&account.api_secret),
            }
        }
    })
}

/// The day's login, with a person's help where the broker wants it.
async fn open(
    adapter: &dyn Adapter,
    sandbox: &Sandbox,
    credential: &Credential,
) -> anyhow::Result<Result<Opened, BrokerError>> {
    let now = Timestamp::from_millis(sandbox.clock().now().as_millisecond());
    if adapter.login_page(credential, "state").is_none() {
        return Ok(adapter.login(credential, Proof::OneTimeCode { now }, now).await);
    }
    let token = request_token(sandbox)?;
    Ok(adapter.login(credential, Proof::RequestToken(&token), now).await)
}

/// What Kite's login page sends the person's browser back with.
fn request_token(sandbox: &Sandbox) -> anyhow::Result<SecretText> {
    let summary = sandbox.summary();
    let account = summary.kite.accounts.first().context("no account")?;
    let login = BrowserLogin {
        user_id: account.user_id.clone(),
        api_key: account.api_key.clone(),
        redirect_params: String::new(),
        cancel: false,
    };
    let back = sandbox.kite_login(&login).map_err(|why| anyhow::anyhow!("login page: {why}"))?;
    match redirect::parse(&back) {
        Redirected::LoggedIn { request_token, .. } => Ok(request_token),
        Redirected::Cancelled { .. } | Redirected::Invalid(_) => {
            bail!("not sent back with a token")
        }
    }
}
