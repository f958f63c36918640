//! What the configuration fixes, as far as decisions depend on it.

use muster_protocol::ids::EgressName;
use muster_protocol::time::{MINUTE, SECOND, TimeOfDay};

use super::clock_guard::NtpRule;
use super::egress::SharedEgress;

/// What the configuration fixes.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The daemon's version.
    pub version: String,
    /// The ways out; the first is the default. Never empty.
    pub egress: Vec<EgressSettings>,
    /// At which times of a trading day every account is checked unasked.
    pub muster_times: Vec<TimeOfDay>,
    /// How long before its time a run is frozen, in milliseconds.
    pub freeze_lead_ms: i64,
    /// How long a login link is good, in milliseconds.
    pub login_ttl_ms: i64,
    /// Where login redirects arrive, in words.
    pub callback: Option<String>,
    /// What is done when unrelated people share an address at a broker.
    pub shared_egress: SharedEgress,
    /// What is done when the clock is known to follow no time source.
    pub ntp: NtpRule,
}

/// One way out, as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressSettings {
    /// Its name.
    pub name: EgressName,
    /// The public address to register at the brokers.
    pub address: String,
    /// The local address calls leave from, if one is configured.
    pub bind: Option<String>,
    /// Calls go through a proxy.
    pub proxied: bool,
}

/// Times at which every account is checked unasked, unless configured otherwise.
pub const MUSTER_TIMES: [TimeOfDay; 4] =
    [TimeOfDay::hm(8, 30), TimeOfDay::hm(9, 5), TimeOfDay::hm(15, 0), TimeOfDay::hm(15, 5)];
/// How long before its time a run is frozen, unless configured otherwise.
pub const FREEZE_LEAD_MS: i64 = 30 * SECOND;
/// How long a login link is good, unless configured otherwise.
pub const LOGIN_TTL_MS: i64 = 10 * MINUTE;
