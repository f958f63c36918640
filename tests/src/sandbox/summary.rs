//! What a client needs to know to use a sandbox: addresses and accounts, as one JSON object.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::people::account::{Account, Broker};

/// A running sandbox, described for its clients.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    /// The simulated Angel One.
    pub angel_one: AngelOneSummary,
    /// The simulated Zerodha.
    pub kite: KiteSummary,
    /// The control port.
    pub control_url: String,
    /// Answers with the caller's address.
    pub observer_url: String,
    /// The authority that signed the server certificates, with `--tls`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ca_pem: Option<String>,
}

/// Where Angel One is and who has an account there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AngelOneSummary {
    /// REST root.
    pub base_url: String,
    /// Its accounts.
    pub accounts: Vec<AngelOneAccount>,
}

/// Where Kite is and who has an account there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KiteSummary {
    /// REST root.
    pub base_url: String,
    /// The login page, without its query.
    pub login_url: String,
    /// Its accounts.
    pub accounts: Vec<KiteAccount>,
}

/// What a user at Angel One would enter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AngelOneAccount {
    /// Client code.
    pub client_code: String,
    /// PIN of four digits.
    pub pin: String,
    /// Base32 secret of the one-time codes.
    pub totp_secret: String,
    /// The app's key.
    pub api_key: String,
    /// Addresses orders may come from.
    pub allowed_ips: Vec<IpAddr>,
}

/// What a user at Zerodha would enter, and what they type on the login page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KiteAccount {
    /// User id.
    pub user_id: String,
    /// Password of the login page.
    pub password: String,
    /// Base32 secret of the one-time codes.
    pub totp_secret: String,
    /// The app's key.
    pub api_key: String,
    /// The app's secret.
    pub api_secret: String,
    /// Where the login page sends the browser.
    pub redirect_url: String,
    /// Addresses orders may come from.
    pub allowed_ips: Vec<IpAddr>,
}

/// One account as its broker's summary shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AccountSummary {
    /// At Zerodha.
    Kite(KiteAccount),
    /// At Angel One.
    AngelOne(AngelOneAccount),
}

impl From<&Account> for AccountSummary {
    fn from(account: &Account) -> Self {
        match account.broker {
            Broker::AngelOne => Self::AngelOne(AngelOneAccount {
                client_code: account.id.clone(),
                pin: account.password.clone(),
                totp_secret: account.totp_secret.clone(),
                api_key: account.api_key.clone(),
                allowed_ips: account.allowed_ips.clone(),
            }),
            Broker::Kite => Self::Kite(KiteAccount {
                user_id: account.id.clone(),
                password: account.password.clone(),
                totp_secret: account.totp_secret.clone(),
                api_key: account.api_key.clone(),
                api_secret: account.api_secret.clone(),
                redirect_url: account.redirect_url.clone(),
                allowed_ips: account.allowed_ips.clone(),
            }),
        }
    }
}

impl Summary {
    /// Puts an account where its broker's accounts are listed.
    pub(crate) fn push(&mut self, account: AccountSummary) {
        match account {
            AccountSummary::AngelOne(account) => self.angel_one.accounts.push(account),
            AccountSummary::Kite(account) => self.kite.accounts.push(account),
        }
    }
}
