//! The configuration file: TOML, every unknown key an error, no secret in it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use muster_protocol::ids::{EgressName, UserId};
use muster_protocol::time::TimeOfDay;
use serde::Deserialize;

use crate::domain::clock_guard::NtpRule;
use crate::domain::egress::SharedEgress;

/// What the file says, defaults filled in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the store lies.
    #[serde(default = "default_store")]
    pub store: PathBuf,
    /// Where the socket is made, unless systemd hands one over.
    #[serde(default = "default_socket")]
    pub socket: PathBuf,
    /// The ways out; the first is the default.
    pub egress: Vec<EgressConfig>,
    /// When every account is checked unasked, on trading days.
    #[serde(default = "default_muster_times")]
    pub muster_times: Vec<TimeOfDay>,
    /// How many seconds before its time a run is frozen.
    #[serde(default = "default_freeze_lead")]
    pub freeze_lead_s: u16,
    /// What is done when unrelated people's accounts at one broker leave by one address.
    #[serde(default)]
    pub shared_egress: SharedEgress,
    /// Whether the machine's clock can be believed.
    #[serde(default)]
    pub clock: ClockConfig,
    /// Where login redirects arrive.
    #[serde(default)]
    pub callback: CallbackConfig,
    /// Who may do what beside root and the daemon's own user.
    #[serde(default)]
    pub access: Access,
    /// The brokers' addresses, for a sandbox.
    #[serde(default)]
    pub brokers: BrokersConfig,
    /// Time-outs of calls to brokers.
    #[serde(default)]
    pub http: HttpConfig,
}

/// One way out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressConfig {
    /// Its name.
    pub name: EgressName,
    /// The public address people register at their broker.
    pub address: String,
    /// The local address calls leave from.
    #[serde(default)]
    pub bind: Option<Ipv4Addr>,
    /// A proxy calls go through: `socks5h://host:port`.
    #[serde(default)]
    pub proxy: Option<String>,
    /// A service that answers with the address it sees, as plain text.
    #[serde(default)]
    pub observe_url: Option<String>,
    /// More of them, asked in order until one answers.
    #[serde(default)]
    pub observe_urls: Vec<String>,
}

/// The machine's clock.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClockConfig {
    /// What is done when it is known to follow no time source.
    pub ntp: NtpRule,
    /// A file the time service touches whenever it hears from its source.
    pub synchronized_file: PathBuf,
}

impl Default for ClockConfig {
    fn default() -> Self {
        Self { ntp: NtpRule::default(), synchronized_file: crate::clock::timesyncd() }
    }
}

/// The login callback.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallbackConfig {
    /// Where it listens; loopback, reached through an SSH tunnel or a reverse proxy.
    pub listen: SocketAddr,
    /// Whether it listens at all.
    pub enabled: bool,
}

impl Default for CallbackConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8912)), enabled: true }
    }
}

/// Who may do what.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Users (numeric ids) with every right.
    pub operators: Vec<u32>,
    /// Users who may look.
    pub viewers: Vec<u32>,
    /// Users held to one person's accounts.
    pub users: Vec<UserAccess>,
}

/// One person's own access.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserAccess {
    /// The numeric user id on this machine.
    pub uid: u32,
    /// Whose accounts they see.
    pub user: UserId,
}

/// The brokers' addresses.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct BrokersConfig {
    /// Angel One's REST root.
    pub angel_one: Option<String>,
    /// Angel One's instrument master.
    pub angel_one_instruments: Option<String>,
    /// Kite's REST root.
    pub zerodha: Option<String>,
    /// Kite's login page.
    pub zerodha_login: Option<String>,
    /// A file of PEM certificates trusted beside the system's.
    pub extra_ca: Option<PathBuf>,
}

/// Time-outs of calls to brokers, in milliseconds.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// For a connection; must be shorter than the whole call's.
    pub connect_ms: u32,
    /// For a whole call.
    pub call_ms: u32,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { connect_ms: 5_000, call_ms: 15_000 }
    }
}

fn default_store() -> PathBuf {
    PathBuf::from("/var/lib/musterd/store.redb")
}

fn default_socket() -> PathBuf {
    PathBuf::from(muster_protocol::endpoint::SYSTEM_SOCKET)
}

fn default_muster_times() -> Vec<TimeOfDay> {
    crate::domain::model::MUSTER_TIMES.to_vec()
}

const fn default_freeze_lead() -> u16 {
    30
}

/// Why a configuration cannot be used; says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be; the text names line and key.
    #[error("the configuration {path} is wrong: {why}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why, without the line itself: it may hold a proxy's password.
        why: String,
    },
    /// No way out.
    #[error(
        "the configuration names no egress: add an [[egress]] with the server's public address"
    )]
    NoEgress,
    /// Two egresses of one name.
    #[error("two egresses are called {0}")]
    EgressTwice(EgressName),
    /// Nobody is ever called.
    #[error("muster_times names no time: sessions would never be opened by themselves")]
    NoMuster,
    /// The time-outs are the wrong way round.
    #[error("http.connect_ms must be shorter than http.call_ms")]
    Timeouts,
    /// The callback would be open to the network.
    #[error(
        "callback.listen must be a loopback address; reach it through a tunnel or a reverse proxy"
    )]
    CallbackOpen,
}

impl Config {
    /// Reads and checks the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            why: without_values(&error, &text),
        })?;
        config.check()?;
        Ok(config)
    }

    /// What the types alone do not say.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.egress.is_empty() {
            return Err(ConfigError::NoEgress);
        }
        for (index, egress) in self.egress.iter().enumerate() {
            if self.egress.iter().skip(index + 1).any(|other| other.name == egress.name) {
                return Err(ConfigError::EgressTwice(egress.name.clone()));
            }
        }
        if self.muster_times.is_empty() {
            return Err(ConfigError::NoMuster);
        }
        if self.http.connect_ms >= self.http.call_ms {
            return Err(ConfigError::Timeouts);
        }
        if self.callback.enabled && !self.callback.listen.ip().is_loopback() {
            return Err(ConfigError::CallbackOpen);
        }
        Ok(())
    }
}

/// The error with its line and key. The parser's own words show the whole line, and name values.
fn without_values(error: &toml::de::Error, text: &str) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    let message = error.message().split(": string \"").next().unwrap_or_default();
    format!("line {number}, `{key}`: {message}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn the_smallest_configuration_names_an_egress() {
        let config = parse("[[egress]]\nname = \"main\"\naddress = \"98.88.173.81\"").unwrap();
        assert_eq!(config.muster_times.len(), 4);
        assert!(parse("egress = []").is_err());
    }

    #[test]
    fn mistakes_are_named() {
        let egress = "[[egress]]\nname = \"main\"\naddress = \"\"\n";
        assert!(parse(&format!("stroe = \"x\"\n{egress}")).unwrap_err().contains("stroe"));
        assert!(parse(&format!("{egress}{egress}")).unwrap_err().contains("main"));
        let open = format!("{egress}[callback]\nlisten = \"0.0.0.0:80\"\n");
        assert!(parse(&open).unwrap_err().contains("loopback"));
        let slow = format!("{egress}[http]\nconnect_ms = 9\ncall_ms = 9\n");
        assert!(parse(&slow).unwrap_err().contains("connect_ms"));
    }
}
