//! Kite's errors as data: first by message, then by `error_type`, then by HTTP status. Messages are
//! looked at first because the type of one and the same refusal has varied (reported).

use muster_protocol::failure::FailureKind as Kind;

use crate::broker::classify::Source::{Documented, Guess, Reported};
use crate::broker::classify::{Kinds, Row, Status};

const REFUSED: Kinds = Kinds::both(Kind::Refused);
const CREDENTIALS: Kinds = Kinds::both(Kind::CredentialsRejected);
const SESSION: Kinds = Kinds::both(Kind::SessionExpired);
/// The key's, where only a guess says so: a guess proves nothing about an order.
const PERHAPS_CREDENTIALS: Kinds = Kinds { read: Kind::CredentialsRejected, write: Kind::InDoubt };
/// Said to rest; that nothing was placed all the same is a guess.
const RESTING: Kinds = Kinds { read: Kind::Maintenance, write: Kind::InDoubt };

/// Tried in order.
pub(in crate::broker) static TABLE: &[Row] = &[
    // A timeout may come as HTTP 400 with the order placed seconds later: before everything else.
    Row::new("", "timed out", Kinds::DOUBT, Reported),
    Row::new("", "check the order book", Kinds::DOUBT, Reported),
    Row::new("", "timeout", Kinds::DOUBT, Guess),
    Row::new("", "", Kinds::DOUBT, Guess).at(Status::Is(408)),
    // The address. Checked only on placing, modifying and cancelling.
    Row::new(
        "",
        "is not allowed to place orders for this app",
        Kinds::both(Kind::IpNotAllowed),
        Reported,
    ),
    Row::new("", "no ips configured for this app", Kinds::both(Kind::NoIpRegistered), Reported),
    // The session and the key.
    Row::new("", "invalid `checksum`", CREDENTIALS, Documented),
    Row::new("", "invalid `api_key`", PERHAPS_CREDENTIALS, Guess).at(Status::Client),
    Row::new("", "the user is not enabled", CREDENTIALS, Reported),
    Row::new("TokenException", "", SESSION, Documented).at(Status::Client),
    // Entitlement.
    Row::new("", "insufficient permission for that call", REFUSED, Reported).at(Status::Client),
    Row::new("", "call is not allowed for the authenticated user", REFUSED, Documented)
        .at(Status::Client),
    // Rates. A throttled write may still have gone through; an order cap is a plain no.
    Row::new("", "too many requests", Kinds::THROTTLED, Reported),
    Row::new("", "maximum allowed order requests exceeded", REFUSED, Documented),
    Row::new("", "maximum allowed order modifications exceeded", REFUSED, Reported),
    // Orders.
    Row::new("", "couldn't find that `order_id`", REFUSED, Reported).past_address_check(),
    Row::new("", "being processed. try later", REFUSED, Reported)
        .at(Status::Client)
        .past_address_check(),
    Row::new("", "without market protection", REFUSED, Reported).at(Status::Client),
    Row::new("", "has either expired or does not exist", REFUSED, Reported).at(Status::Client),
    Row::new("", "tick size for this script", REFUSED, Reported).at(Status::Client),
    Row::new("", "markets are not open for trading", REFUSED, Reported).at(Status::Client),
    Row::new("", "circuit limit", REFUSED, Documented).at(Status::Client),
    Row::new("", "for order slicing", REFUSED, Reported).at(Status::Client),
    Row::new("", "exceeds max limit", REFUSED, Reported).at(Status::Client),
    Row::new("", "under scheduled maintenance", RESTING, Guess),
    Row::new("", "needs authorisation at depository", Kinds::both(Kind::NeedsConsent), Documented)
        .at(Status::Client),
    Row::new("", "request failed (kitetrade-oms)", Kinds::DOUBT, Reported),
    // Whatever the type, a throttle is one.
    Row::new("", "", Kinds::THROTTLED, Documented).at(Status::Is(429)),
    // By type. Where the status does not fit the type, the rows below decide.
    Row::new("MarginException", "", REFUSED, Documented).at(Status::Client),
    Row::new("HoldingException", "", REFUSED, Documented).at(Status::Client),
    Row::new("UserException", "", REFUSED, Documented).at(Status::Client),
    Row::new("PermissionException", "", REFUSED, Documented).at(Status::Client),
    Row::new("TwoFAException", "", REFUSED, Documented).at(Status::Client),
    Row::new("ForbiddenError", "", Kinds::UNKNOWN, Guess).at(Status::Client),
    Row::new("DataException", "", Kinds::MALFORMED, Documented),
    // By status.
    Row::new("", "", Kinds::both(Kind::NeedsConsent), Documented).at(Status::Is(428)),
    Row::new("NetworkException", "", Kinds::DOUBT, Documented),
    Row::new("GeneralException", "", Kinds::UNKNOWN, Documented).at(Status::Client),
    Row::new("OrderException", "", REFUSED, Documented).at(Status::Is(400)),
    Row::new("InputException", "", REFUSED, Documented).at(Status::Client),
    Row::new("", "", Kinds::DOUBT, Documented).at(Status::Server),
];
