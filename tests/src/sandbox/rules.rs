//! Switches for what is not known about the brokers, and for what a rehearsal wants otherwise.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The switches of one sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches, each on its own")]
pub struct Rules {
    /// Exchange time from acceptance to fill, in milliseconds.
    pub fill_delay_ms: u64,
    /// How much longer an order stays received before anything is done with it.
    pub received_delay_ms: u64,
    /// How long a cancellation is pending; the order may still fill in that time.
    pub cancel_delay_ms: u64,
    /// In how many pieces an order fills.
    pub fills: u32,
    /// Exchange time between two pieces.
    pub fill_gap_ms: u64,
    /// How much of an order fills at all, in percent.
    pub fill_percent: u32,
    /// Whether the exchange keeps its hours.
    pub market_hours: MarketHours,
    /// How far behind the truth books of orders, trades and positions are.
    pub book_lag_ms: u64,
    /// In which order the book of orders comes.
    pub book_order: BookOrder,
    /// Whether the book of orders holds other accounts' orders, too.
    pub foreign_orders: bool,
    /// What Angel One does with a MARKET or IOC order.
    pub angel_market: AngelMarket,
    /// When a LIMIT order fills.
    pub limit_fills: LimitFills,
    /// Which floods are refused.
    pub rate_limits: RateLimits,
    /// What a cancel of an unknown order from a strange address is refused for.
    pub cancel_checks: CancelChecks,
    /// Wrong logins in a row that block an account.
    pub max_wrong_logins: u32,
    /// Life of a Kite request token in seconds of exchange time.
    pub request_token_seconds: u64,
    /// What Angel One says of a session whose day is over.
    pub expired_token: ExpiredToken,
    /// Exchange time from a change of an order to its report (Kite).
    pub postback_delay_ms: u64,
    /// How often a report is sent; 0 loses it.
    pub postback_copies: u32,
    /// Whether Kite's first login asks for consent to the app.
    pub consent_page: ConsentPage,
    /// Angel One's symbols that need the client's consent.
    pub cautionary: Vec<String>,
    /// Whether a second Kite login leaves the first token alive.
    pub old_token_survives: bool,
    /// Whether lists of instruments carry an `ETag`, and are not sent to who has them.
    pub list_etags: bool,
    /// Whether a one-time code is good twice in its time (Angel One).
    pub totp_reuse: TotpReuse,
    /// Whether Kite's order system rests from midnight to half past five.
    pub nightly_maintenance: bool,
    /// Whether registered addresses change once a calendar week at most.
    pub weekly_ip_lock: bool,
    /// Whether the conversion of a position looks at the caller's address.
    pub convert_checks_ip: bool,
    /// What becomes of an order's own tag on a protected MARKET order (Kite).
    pub market_tag: MarketTag,
    /// In which of its two dialects Angel One answers a quote.
    pub quote_dialect: QuoteDialect,
    /// HTTP status of Angel One's refusal of an address.
    pub ip_refusal_status: u32,
    /// How many half minutes either side a one-time code is good in.
    pub totp_steps: u32,
    /// Whether a second login at Angel One leaves the first session alive.
    pub angel_old_token_survives: bool,
    /// Whether Kite's lists of instruments are given to who is not logged in.
    pub list_login: ListLogin,
    /// With which parameters Kite sends the browser back after a cancelled login.
    pub cancel_redirect: CancelRedirect,
    /// What Angel One answers a login with an API key it does not know.
    pub unknown_key: UnknownKey,
    /// In which form Kite answers an order that it cut into slices.
    pub slice_reply: SliceReply,
    /// Whether Angel One's book and last price come in texts.
    pub angel_types: AngelTypes,
    /// Whether Angel One takes orders from any but the first of an app's addresses.
    pub angel_second_ip: bool,
    /// Whether the control port refuses an address that is another Angel One app's.
    pub unique_ips: bool,
    /// Whether Kite compresses what it says to who can read that.
    pub gzip_replies: bool,
}

/// Whether Angel One's book and last price come in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AngelTypes {
    /// Prices as numbers, as its order updates have them.
    Mixed,
    /// All in texts and the token of a book's row missing, as the documents' sample has it.
    Texts,
}

/// In which form Kite answers an order that it cut into slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SliceReply {
    /// The parent's number and the slices as its children, as in the published sample.
    Nested,
    /// The slices alone, as on the page of the documents.
    Flat,
}

/// Whether Kite's lists of instruments are given to who is not logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListLogin {
    /// To everybody.
    Free,
    /// Only with a live session.
    Needed,
}

/// With which parameters Kite sends the browser back after a cancelled login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelRedirect {
    /// `status=cancelled` alone, as was seen.
    Bare,
    /// What a success has but for the token, and the pairs of `redirect_params`.
    Full,
}

/// What Angel One answers a login with an API key it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownKey {
    /// AG8004, as for every other call.
    Coded,
    /// A bare 400, as for an empty key.
    Bare,
    /// AB1000, as for a wrong person.
    Person,
}

/// What becomes of an order's own tag on a protected MARKET order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketTag {
    /// It stands in `tag` and `tags`.
    Kept,
    /// It stands among the system's in `tags` alone.
    Listed,
    /// It is gone.
    Lost,
}

/// The two dialects of Angel One's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteDialect {
    /// `status` and `errorcode`.
    Service,
    /// `success` and `errorCode`.
    Gateway,
}

/// Whether a one-time code is good twice in its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TotpReuse {
    /// As long as it is in its time.
    Allowed,
    /// No.
    Refused,
}

/// When a LIMIT order fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitFills {
    /// Always, at its price.
    Always,
    /// Only when its price crosses the last traded price.
    Marketable,
    /// Never: it rests open.
    Never,
}

/// Whether the exchange keeps its hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketHours {
    /// Days and phases are those of the exchange clock.
    Kept,
    /// It always trades.
    AlwaysOpen,
}

/// Whether Kite's first login asks for consent to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentPage {
    /// The login leads straight back.
    Skipped,
    /// A second page asks, once for each app.
    Shown,
}

/// In which order the book of orders comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookOrder {
    /// As the orders came.
    Arrival,
    /// The last one first.
    NewestFirst,
    /// Each time otherwise.
    Shuffled,
}

/// Two pages of Angel One contradict each other about MARKET and IOC orders of programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AngelMarket {
    /// Taken; MARKET becomes a LIMIT at the edge of its band.
    Converted,
    /// Refused.
    Refused,
}

/// Which of the documented rate limits are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimits {
    /// None.
    Off,
    /// Order calls in one second.
    Orders,
    /// Every call, and the longer windows.
    All,
}

/// The order of the checks on a cancel or a modification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelChecks {
    /// The source address, then the order id.
    IpFirst,
    /// The order id, then the source address.
    OrderFirst,
}

/// Whether an expired token is told from one that never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiredToken {
    /// AG8001, as for any other bad token.
    Invalid,
    /// AG8002.
    Told,
}

impl Rules {
    pub(crate) fn request_token_life(&self) -> Duration {
        Duration::from_secs(self.request_token_seconds)
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            fill_delay_ms: 400,
            received_delay_ms: 0,
            cancel_delay_ms: 0,
            fills: 1,
            fill_gap_ms: 100,
            fill_percent: 100,
            market_hours: MarketHours::Kept,
            book_lag_ms: 0,
            book_order: BookOrder::Arrival,
            foreign_orders: false,
            angel_market: AngelMarket::Converted,
            limit_fills: LimitFills::Always,
            rate_limits: RateLimits::Orders,
            cancel_checks: CancelChecks::IpFirst,
            max_wrong_logins: 5,
            request_token_seconds: 180,
            expired_token: ExpiredToken::Invalid,
            postback_delay_ms: 0,
            postback_copies: 1,
            consent_page: ConsentPage::Skipped,
            cautionary: Vec::new(),
            old_token_survives: false,
            list_etags: true,
            totp_reuse: TotpReuse::Allowed,
            nightly_maintenance: false,
            weekly_ip_lock: false,
            convert_checks_ip: false,
            market_tag: MarketTag::Kept,
            quote_dialect: QuoteDialect::Service,
            ip_refusal_status: 200,
            totp_steps: 1,
            angel_old_token_survives: true,
            list_login: ListLogin::Free,
            cancel_redirect: CancelRedirect::Bare,
            unknown_key: UnknownKey::Coded,
            slice_reply: SliceReply::Nested,
            angel_types: AngelTypes::Mixed,
            angel_second_ip: true,
            unique_ips: false,
            gzip_replies: false,
        }
    }
}
