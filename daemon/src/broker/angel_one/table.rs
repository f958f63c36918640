//! Angel One's error codes as data. Its failures normally arrive with HTTP 200, in two JSON
//! dialects: its services say `status` and `errorcode`, its gateway `success` and `errorCode`.

use muster_protocol::failure::FailureKind as Kind;

use crate::broker::classify::Source::{Documented, Guess, Reported};
use crate::broker::classify::{Kinds, Row};

/// Plain texts of the throttle, lower case; they come with HTTP 403 and no JSON.
pub(super) const THROTTLE_TEXTS: [&str; 2] = ["exceeding access rate", "exceeding rate limit"];

const REFUSED: Kinds = Kinds::both(Kind::Refused);
const CREDENTIALS: Kinds = Kinds::both(Kind::CredentialsRejected);
const SESSION: Kinds = Kinds::both(Kind::SessionExpired);
/// The session's, where only a guess says so: a guess proves nothing about an order.
const PERHAPS_SESSION: Kinds = Kinds { read: Kind::SessionExpired, write: Kind::InDoubt };

/// Tried in order.
pub(in crate::broker) static TABLE: &[Row] = &[
    // Whatever the code: what took too long may have been done. The catch-all code carries any text.
    Row::new("", "timed out", Kinds::DOUBT, Guess),
    Row::new("", "timeout", Kinds::DOUBT, Guess),
    // The address. Checked only on placing, modifying and cancelling; the answer names no address.
    Row::new("AG7002", "", Kinds::both(Kind::IpNotAllowed), Reported),
    Row::new("", "unregistered ip", Kinds::both(Kind::IpNotAllowed), Reported),
    // The session: bad, expired, missing token.
    Row::new("AG8001", "", SESSION, Reported),
    Row::new("AG8002", "", SESSION, Documented),
    Row::new("AG8003", "", SESSION, Documented),
    Row::new("AB8050", "", SESSION, Documented),
    Row::new("AB8051", "", SESSION, Documented),
    Row::new("AB1010", "", SESSION, Documented),
    Row::new("AB1011", "", SESSION, Documented),
    Row::new("AB9005", "", PERHAPS_SESSION, Guess),
    // The key and the person. AG8004 also means a key not entitled to the one call.
    Row::new("AG8004", "", CREDENTIALS, Reported),
    Row::new("AB1000", "", CREDENTIALS, Documented),
    Row::new("AB1001", "", CREDENTIALS, Documented),
    Row::new("AB1002", "", CREDENTIALS, Documented),
    Row::new("AB1003", "", CREDENTIALS, Documented),
    Row::new("AB1031", "", CREDENTIALS, Documented),
    Row::new("AB1032", "", CREDENTIALS, Documented),
    // "Invalid totp", also for a wrong or empty PIN: the two are not told apart.
    Row::new("AB1050", "", Kinds::both(Kind::OtpRejected), Reported),
    // The catch-all of the order system; its text decides, and a text nobody knows proves nothing.
    Row::new("AB1007", "blocked", REFUSED, Documented),
    Row::new("AB1007", "password", CREDENTIALS, Reported),
    Row::new("AB1007", "login id", CREDENTIALS, Reported),
    Row::new("AB1007", "", Kinds::UNKNOWN, Documented),
    // Faults that leave the fate of an order open.
    Row::new("AB1004", "", Kinds::DOUBT, Documented),
    Row::new("AB2000", "", Kinds::DOUBT, Documented),
    Row::new("AB2001", "", Kinds::DOUBT, Documented),
    Row::new("AB9000", "", Kinds::DOUBT, Guess),
    // Throttles. AB1019 is reported both as a throttle and as a bad symbol, in no known words.
    Row::new("AB1021", "", Kinds::THROTTLED, Reported),
    Row::new("AB1019", "too many", Kinds::THROTTLED, Guess),
    Row::new("AB1019", "rate", Kinds::THROTTLED, Guess),
    // Refusals with a reason.
    Row::new("AB1013", "", REFUSED, Documented).past_address_check(),
    Row::new("AB1006", "", REFUSED, Documented),
    Row::new("AB1005", "", REFUSED, Documented),
    Row::new("AB1008", "", REFUSED, Documented),
    Row::new("AB1009", "", REFUSED, Documented),
    Row::new("AB1012", "", REFUSED, Documented),
    Row::new("AB1017", "", REFUSED, Documented),
    Row::new("AB1018", "", REFUSED, Documented),
    Row::new("AB2002", "", REFUSED, Documented),
    Row::new("AB2020", "", Kinds::UNKNOWN, Guess),
    Row::new("AB4008", "", REFUSED, Documented),
    Row::new("AB4018", "", REFUSED, Documented),
    // Standing orders (GTT), as far as the list goes.
    Row::new("AB900*", "", REFUSED, Documented),
    Row::new("AB9010", "", REFUSED, Documented),
    Row::new("AB9011", "", REFUSED, Documented),
    Row::new("AB9012", "", REFUSED, Documented),
    Row::new("AB9013", "", REFUSED, Documented),
    Row::new("AB9014", "", REFUSED, Documented),
    Row::new("AB9015", "", REFUSED, Documented),
    Row::new("AB9016", "", REFUSED, Documented),
    Row::new("AB9017", "", REFUSED, Documented),
    Row::new("AB9018", "", REFUSED, Documented),
    // "No trade", "no holding", "no position": never asked for here. An empty order book comes as
    // null, and the absence of an order is not concluded from a code about something else.
    Row::new("AB1014", "", Kinds::UNKNOWN, Documented),
    Row::new("AB1015", "", Kinds::UNKNOWN, Documented),
    Row::new("AB1016", "", Kinds::UNKNOWN, Documented),
    // A share under surveillance: the holder must agree, and nobody agrees for them.
    Row::new("AB4036", "", Kinds::both(Kind::NeedsConsent), Reported),
    // Texts that come without a code.
    Row::new("", "token missing", SESSION, Reported),
    Row::new("", "limit price protection range", REFUSED, Reported),
    Row::new("", "loginbypassword is not allowed", CREDENTIALS, Reported),
];
