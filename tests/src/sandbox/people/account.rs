//! People's accounts at the simulated brokers, and how they prove who they are.

use std::net::IpAddr;

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Totp};

use crate::sandbox::exchange::money::Paise;
use crate::sandbox::random::{BASE32, DIGITS, LOWER, MIXED, Random};

/// Which of the two simulated brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Broker {
    /// Angel One, reached by its `SmartAPI`.
    AngelOne,
    /// Zerodha, Kite Connect v3.
    #[serde(alias = "zerodha")]
    Kite,
}

impl Broker {
    /// The hour of the day at which sessions end.
    pub(crate) const fn session_ends(self) -> i64 {
        match self {
            Self::AngelOne => 0,
            Self::Kite => 6,
        }
    }
}

/// An account with its app: at both brokers one app serves one client here.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) broker: Broker,
    /// Client code or user id.
    pub(crate) id: String,
    /// PIN or password.
    pub(crate) password: String,
    pub(crate) totp_secret: String,
    pub(crate) api_key: String,
    pub(crate) api_secret: String,
    pub(crate) redirect_url: String,
    pub(crate) allowed_ips: Vec<IpAddr>,
    pub(crate) funds: Paise,
    pub(crate) wrong_logins: u32,
    pub(crate) plan: Plan,
    pub(crate) holdings: Vec<Holding>,
    /// Whether shares may be sold without asking the depository.
    pub(crate) ddpi: bool,
    /// Until when the person has authorised the sale of what is held.
    pub(crate) authorised_until: Option<Timestamp>,
    /// The request for that word which waits for the person.
    pub(crate) authorisation: Option<String>,
    /// Whether the person has agreed to the app, and the word by which the page knows that it
    /// asked.
    pub(crate) consented: bool,
    pub(crate) consent: Option<String>,
    /// Where changes of orders are reported.
    pub(crate) postback_url: Option<String>,
    /// The code it last logged in with.
    pub(crate) last_code: Option<String>,
    /// When its addresses were last changed by hand.
    pub(crate) ips_changed: Option<Timestamp>,
}

/// What an account has paid its broker for (Kite).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Orders, and no market data.
    Personal,
    /// Market data too.
    Connect,
    /// A platform the broker has approved: its logins carry a refresh token.
    Approved,
}

/// Shares an account has held since before today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holding {
    /// Exchange.
    pub exchange: String,
    /// Symbol in the broker's spelling.
    pub symbol: String,
    /// Units.
    pub quantity: u64,
    /// What a unit cost, in rupees as a decimal text.
    pub average_price: String,
}

/// What may be chosen about an account; of a new one, what is absent is made up.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountFields {
    /// Client code or user id.
    #[serde(alias = "client_code", alias = "user_id")]
    pub id: Option<String>,
    /// PIN (Angel One) or password (Kite).
    #[serde(alias = "pin")]
    pub password: Option<String>,
    /// Base32 secret of the one-time codes.
    pub totp_secret: Option<String>,
    /// The app's key.
    pub api_key: Option<String>,
    /// The app's secret (Kite).
    pub api_secret: Option<String>,
    /// Where the login page sends the browser (Kite).
    pub redirect_url: Option<String>,
    /// Addresses orders may come from.
    pub allowed_ips: Option<Vec<IpAddr>>,
    /// Free cash in rupees, as a decimal text.
    pub funds: Option<String>,
    /// What the app may do (Kite): `personal`, `connect` or `approved`.
    pub plan: Option<Plan>,
    /// Shares held, in place of those before.
    pub holdings: Option<Vec<Holding>>,
    /// Whether held shares may be sold without authorising the sale first (Kite).
    pub ddpi: Option<bool>,
    /// Where changes of orders are reported (Kite); an empty text for nowhere.
    pub postback_url: Option<String>,
}

/// What new accounts get when nothing is said.
#[derive(Debug, Clone)]
pub(crate) struct AccountDefaults {
    pub(crate) allowed_ips: Vec<IpAddr>,
    pub(crate) redirect_url: String,
}

impl Account {
    /// `number` makes the ids of one sandbox differ.
    pub(crate) fn open(
        broker: Broker,
        number: usize,
        fields: AccountFields,
        defaults: &AccountDefaults,
        random: &mut Random,
    ) -> Self {
        let (id, password, api_key) = match broker {
            Broker::AngelOne => (
                format!("S{:06}", 100_000 + number),
                random.text("", DIGITS, 4),
                random.text(&format!("CANARY{}", short(number)), MIXED, 8),
            ),
            Broker::Kite => (
                format!("ZS{number:04}"),
                random.text("CANARY-", MIXED, 20),
                random.text("canary", LOWER, 16),
            ),
        };
        let funds = fields.funds.and_then(|text| text.parse().ok()).unwrap_or(OPENING_FUNDS);
        Self {
            broker,
            id: fields.id.unwrap_or(id),
            password: fields.password.unwrap_or(password),
            totp_secret: fields.totp_secret.unwrap_or_else(|| random.text("CANARY", BASE32, 32)),
            api_key: fields.api_key.unwrap_or(api_key),
            api_secret: fields.api_secret.unwrap_or_else(|| random.text("CANARY", MIXED, 32)),
            redirect_url: fields.redirect_url.unwrap_or_else(|| defaults.redirect_url.clone()),
            allowed_ips: fields.allowed_ips.unwrap_or_else(|| defaults.allowed_ips.clone()),
            funds,
            wrong_logins: 0,
            plan: fields.plan.unwrap_or(Plan::Connect),
            holdings: fields.holdings.unwrap_or_default(),
            ddpi: fields.ddpi.unwrap_or(true),
            authorised_until: None,
            authorisation: None,
            consented: false,
            consent: None,
            postback_url: fields.postback_url.filter(|url| !url.is_empty()),
            last_code: None,
            ips_changed: None,
        }
    }

    /// Takes over what is named, except the id. False, and nothing changed, if the funds are no amount.
    pub(crate) fn change(&mut self, fields: AccountFields) -> bool {
        let funds = fields.funds.map_or(Ok(self.funds), |text| text.parse());
        let Ok(funds) = funds else { return false };
        self.funds = funds;
        let texts = [
            (&mut self.password, fields.password),
            (&mut self.totp_secret, fields.totp_secret),
            (&mut self.api_key, fields.api_key),
            (&mut self.api_secret, fields.api_secret),
            (&mut self.redirect_url, fields.redirect_url),
        ];
        for (kept, wanted) in texts {
            if let Some(wanted) = wanted {
                *kept = wanted;
            }
        }
        self.allowed_ips = fields.allowed_ips.unwrap_or_else(|| self.allowed_ips.clone());
        self.holdings = fields.holdings.unwrap_or_else(|| self.holdings.clone());
        self.plan = fields.plan.unwrap_or(self.plan);
        self.ddpi = fields.ddpi.unwrap_or(self.ddpi);
        if let Some(url) = fields.postback_url {
            self.postback_url = Some(url).filter(|url| !url.is_empty());
        }
        true
    }

    /// RFC 6238 with SHA-1, six digits, thirty seconds, so many steps either side; re-use is allowed.
    pub(crate) fn code_is_right(&self, code: &str, (now, steps): (Timestamp, u32)) -> bool {
        let (now, reach) = (unix_seconds(now), 30 * u64::from(steps));
        let mut near = (now.saturating_sub(reach)..=now.saturating_add(reach)).step_by(30);
        self.totp().is_some_and(|totp| near.any(|at| totp.generate(at).to_string() == code))
    }

    /// Whether the sale of holdings has been authorised and still is.
    pub(crate) fn is_authorised(&self, now: Timestamp) -> bool {
        self.authorised_until.is_some_and(|until| now < until)
    }

    /// The code an authenticator shows at `now`; `None` if the secret is not base32.
    pub(crate) fn code(&self, now: Timestamp) -> Option<String> {
        Some(self.totp()?.generate(unix_seconds(now)).to_string())
    }

    fn totp(&self) -> Option<Totp> {
        let letters = self.totp_secret.chars().filter(char::is_ascii_alphanumeric);
        let letters = letters.collect::<String>().to_ascii_uppercase();
        let secret = BASE32_NOPAD.decode(letters.as_bytes()).ok()?;
        Some(Builder::new().with_secret(secret).build_noncompliant())
    }
}

fn unix_seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or(0)
}

/// Two letters for a number, so that eight-letter keys can differ and still say CANARY.
fn short(number: usize) -> String {
    let letter = |at: usize| MIXED.get(at % MIXED.len()).map_or('0', |&byte| char::from(byte));
    [letter(number / MIXED.len()), letter(number)].iter().collect()
}

const OPENING_FUNDS: Paise = Paise(100_000_000);
