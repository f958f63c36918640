//! A plan: named legs, when they fire, for whom, live or dry-run.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, Label, PlanId, RunId};
use crate::money::{Paise, Quantity};
use crate::order::{Broker, Leg, Side};
use crate::time::{MINUTE, TimeOfDay, Timestamp, Weekday};

pub use crate::times::{MAX_TIMES, Times};

/// The most legs a plan may hold.
pub const MAX_LEGS: usize = 50;

/// The most a leg's quantity is multiplied by.
pub const MAX_MULTIPLIER: u32 = 1_000;

/// How long after its time a firing may still start and send, if the plan does not say.
const WINDOW_MS: i64 = 4 * MINUTE;

/// What a person writes down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    /// The plan's name.
    pub name: PlanId,
    /// When it fires, in exchange time: one time or several, each a run of its own.
    #[serde(default = "ten_past_three")]
    pub at: Times,
    /// The latest start and send of each of these: a run that could not start by then is MISSED.
    /// Nothing means four minutes after each.
    #[serde(default)]
    pub window_until: Times,
    /// On which days, if they are trading days.
    #[serde(default = "working_days")]
    pub weekdays: Vec<Weekday>,
    /// Also in special sessions, such as Muhurat, if their hours hold the time.
    #[serde(default)]
    pub special_sessions: bool,
    /// Which accounts take part, if they are on auto-execute.
    #[serde(default)]
    pub accounts: Takers,
    /// What each leg's quantity is multiplied by.
    #[serde(default = "once")]
    pub multiplier: u32,
    /// What one account may order in one run; an account that would pass one is left out.
    #[serde(default)]
    pub caps: Caps,
    /// Accounts with another multiplier or other caps; the first that names an account counts.
    #[serde(default)]
    pub shares: Vec<Share>,
    /// Sells leave before buys; otherwise the legs leave as they are written.
    #[serde(default = "yes")]
    pub sells_first: bool,
    /// What happens to an order that is proven not to be at the broker.
    #[serde(default)]
    pub ambiguity: Ambiguity,
    /// What is ordered for each account.
    pub legs: Vec<Leg>,
}

fn ten_past_three() -> Times {
    TimeOfDay::hm(15, 10).into()
}

fn working_days() -> Vec<Weekday> {
    Weekday::WORKING.to_vec()
}

const fn once() -> u32 {
    1
}

const fn yes() -> bool {
    true
}

impl PlanSpec {
    /// A plan of these legs with nothing else said.
    pub fn new(name: PlanId, legs: Vec<Leg>) -> Self {
        Self {
            name,
            at: ten_past_three(),
            window_until: Times::default(),
            weekdays: working_days(),
            special_sessions: false,
            accounts: Takers::All,
            multiplier: 1,
            caps: Caps::default(),
            shares: Vec::new(),
            sells_first: true,
            ambiguity: Ambiguity::Hold,
            legs,
        }
    }

    /// Each time it fires, with the end of its window.
    pub fn firings(&self) -> impl Iterator<Item = (TimeOfDay, TimeOfDay)> {
        let ends = self.window_until.as_slice();
        let end = |(index, at): (usize, &TimeOfDay)| {
            let end = ends.get(index).copied().unwrap_or_else(|| at.plus(WINDOW_MS));
            (*at, end)
        };
        self.at.as_slice().iter().enumerate().map(end)
    }

    /// The ends of the windows, as they count.
    pub fn windows(&self) -> Times {
        self.firings().map(|(_, until)| until).collect()
    }

    /// The legs in the order they leave in.
    pub fn ordered_legs(&self) -> Vec<Leg> {
        let mut legs = self.legs.clone();
        if self.sells_first {
            // Stable: what is written first leaves first among equals.
            legs.sort_by_key(|leg| leg.side == Side::Buy);
        }
        legs
    }

    /// What holds for an account with these labels.
    pub fn terms(&self, account: AccountId, labels: &[Label]) -> Terms {
        let own = self.shares.iter().find(|share| share.accounts.names(account, labels));
        let caps = own.map_or(Caps::default(), |share| share.caps);
        Terms {
            multiplier: own.and_then(|share| share.multiplier).unwrap_or(self.multiplier),
            caps: Caps {
                orders: caps.orders.or(self.caps.orders),
                quantity: caps.quantity.or(self.caps.quantity),
                value: caps.value.or(self.caps.value),
            },
        }
    }
}

/// Which accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Takers {
    /// Every one.
    #[default]
    All,
    /// Those with at least one of these labels.
    Labels(Vec<Label>),
    /// These.
    Ids(Vec<AccountId>),
}

impl Takers {
    /// Whether an account with these labels is one of them.
    pub fn names(&self, account: AccountId, labels: &[Label]) -> bool {
        match self {
            Self::All => true,
            Self::Labels(wanted) => wanted.iter().any(|label| labels.contains(label)),
            Self::Ids(ids) => ids.contains(&account),
        }
    }

    /// `all`, `label family`, `accounts 1, 3`.
    pub fn words(&self) -> String {
        fn list<T: ToString>(items: &[T]) -> String {
            items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        match self {
            Self::All => "all".to_owned(),
            Self::Labels(labels) => format!("label {}", list(labels)),
            Self::Ids(ids) => format!("accounts {}", list(ids)),
        }
    }
}

/// What one account may order in one run; nothing means no cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Orders of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders: Option<u32>,
    /// Units of any one order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Quantity times limit price of all orders together, buys and sells, in paise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Paise>,
}

impl Caps {
    /// `5 orders, 100 units, ₹ 1,00,000.00`; empty without any.
    pub fn words(self) -> String {
        let orders = self.orders.map(|most| format!("{most} orders"));
        let quantity = self.quantity.map(|most| format!("{most} units an order"));
        let value = self.value.map(|most| most.to_string());
        [orders, quantity, value].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Accounts with terms of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Which.
    pub accounts: Takers,
    /// In the place of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<u32>,
    /// Each in the place of the plan's.
    #[serde(default)]
    pub caps: Caps,
}

/// What holds for one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// What each leg's quantity is multiplied by.
    pub multiplier: u32,
    /// What it may order in one run.
    pub caps: Caps,
}

/// What happens to an order that was in doubt and is proven not to be at the broker.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum Ambiguity {
    /// A person decides.
    #[default]
    Hold,
    /// It is sent once more, under another tag, while the window is open.
    ResendOnce,
}

impl Ambiguity {
    /// The words on screens.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::ResendOnce => "resend once",
        }
    }
}

/// Whether a plan's orders are really sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything but the send. The mode of a new or changed plan.
    DryRun,
    /// Orders are sent.
    Live,
}

impl Mode {
    /// The word on screens.
    pub const fn words(self) -> &'static str {
        match self {
            Self::DryRun => "dry-run",
            Self::Live => "LIVE",
        }
    }
}

/// Something about a plan that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether the plan can be taken with it.
    pub weight: Weight,
    /// The leg it is about, from 1, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<u8>,
    /// The broker it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker: Option<Broker>,
    /// What.
    pub text: String,
}

impl Finding {
    /// `leg 2 at Zerodha: ...`.
    pub fn words(&self) -> String {
        let place = match (self.leg, self.broker) {
            (Some(leg), Some(broker)) => format!("leg {leg} at {}: ", broker.title()),
            (Some(leg), None) => format!("leg {leg}: "),
            (None, Some(broker)) => format!("{}: ", broker.title()),
            (None, None) => String::new(),
        };
        format!("{place}{}", self.text)
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The plan is refused.
    Error,
    /// The plan is taken; it is looked at again when it is frozen.
    Warning,
}

/// What a check of a plan found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCheck {
    /// Whether the plan would be taken.
    pub good: bool,
    /// The hash it would have.
    pub hash: String,
    /// When it would fire next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_fire: Option<Timestamp>,
    /// How many accounts it is for.
    pub accounts: u32,
    /// What there is to say.
    pub findings: Vec<Finding>,
}

/// A plan as the daemon has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// What was written down.
    pub spec: PlanSpec,
    /// Live or dry-run.
    pub mode: Mode,
    /// SHA-256 over the canonical form of all of it, hex.
    pub hash: String,
    /// The next time it fires, if the calendar covers one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_fire: Option<Timestamp>,
    /// Why there is no next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_fire_because: Option<String>,
    /// A run that was frozen before the plan was changed: it goes on as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged_run: Option<RunId>,
    /// What a person should know of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> PlanSpec {
        serde_json::from_str(text).unwrap()
    }

    const LEG: &str = r#"{"exchange":"NSE","symbol":"SBIN","side":"BUY","quantity":20,"product":"delivery","price":{"rule":"market"}}"#;

    #[test]
    fn what_was_written_before_still_reads() {
        let old = format!(
            r#"{{"name":"btst","at":"15:10","window_until":"15:13","weekdays":["mon"],"legs":[{LEG}]}}"#
        );
        let old = spec(&old);
        let firings: Vec<_> = old.firings().collect();
        assert_eq!(firings, [(TimeOfDay::hm(15, 10), TimeOfDay::hm(15, 13))]);
        assert_eq!((old.multiplier, old.sells_first, &old.accounts), (1, true, &Takers::All));
        let bare = spec(&format!(r#"{{"name":"btst","legs":[{LEG}]}}"#));
        assert_eq!(bare, PlanSpec::new("btst".parse().unwrap(), bare.legs.clone()));
        assert_eq!(bare.windows().to_string(), "15:14");
    }

    #[test]
    fn the_first_share_that_names_an_account_counts() {
        let spec = spec(&format!(
            r#"{{"name":"a","legs":[{LEG}],"multiplier":2,"caps":{{"orders":9,"quantity":100}},
                "shares":[{{"accounts":{{"ids":[3]}},"multiplier":5}},
                          {{"accounts":{{"labels":["family"]}},"caps":{{"orders":1}}}}]}}"#
        ));
        let family: Label = "family".parse().unwrap();
        let terms = |id, labels: &[Label]| spec.terms(AccountId(id), labels);
        assert_eq!((terms(1, &[]).multiplier, terms(1, &[]).caps.orders), (2, Some(9)));
        assert_eq!(terms(3, &[family.clone()]).multiplier, 5);
        let own = terms(4, &[family]);
        assert_eq!((own.multiplier, own.caps.orders), (2, Some(1)));
        assert_eq!(own.caps.quantity.map(Quantity::get), Some(100));
    }

    #[test]
    fn sells_leave_first_unless_told_otherwise() {
        let sell = LEG.replace("BUY", "SELL");
        let both = |more: &str| spec(&format!(r#"{{"name":"a","legs":[{LEG},{sell}]{more}}}"#));
        assert_eq!(both("").ordered_legs()[0].side, Side::Sell);
        assert_eq!(both(r#","sells_first":false"#).ordered_legs()[0].side, Side::Buy);
    }
}
