//! What the refusal of a cancel of an impossible order says about the address. Same at every broker.

use muster_protocol::check::OrderPermission;
use muster_protocol::failure::FailureKind;

use super::Probed;
use super::classify::Fault;
use super::error::BrokerError;

/// The verdict, or an error where the question could not be put.
pub(super) fn verdict(answer: Result<(), Fault>) -> Result<Probed, BrokerError> {
    let fault = match answer {
        Ok(()) => {
            let why = "the broker agreed to cancel an order that cannot exist".to_owned();
            return Ok(Probed { permission: OrderPermission::CannotTell { why }, says: None });
        }
        Err(fault) => fault,
    };
    let error = fault.error;
    let permission = match error.kind {
        _ if fault.past_address_check => OrderPermission::Allowed,
        FailureKind::IpNotAllowed => OrderPermission::Refused { seen: error.ip_seen },
        FailureKind::NoIpRegistered => OrderPermission::NoIpRegistered,
        FailureKind::SessionExpired
        | FailureKind::CredentialsRejected
        | FailureKind::OtpRejected
        | FailureKind::Maintenance => return Err(error),
        FailureKind::Refused
        | FailureKind::RateLimited
        | FailureKind::InDoubt
        | FailureKind::Unreachable
        | FailureKind::NeedsConsent
        | FailureKind::Malformed => {
            if !fault.answered {
                return Err(error);
            }
            OrderPermission::CannotTell { why: error.to_string() }
        }
    };
    Ok(Probed { permission, says: error.says })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clear_answers_give_a_clear_verdict() {
        let of = |kind, past| {
            let fault = Fault::answer(BrokerError::says(kind, "w"), past);
            verdict(Err(fault)).map(|probed| (probed.permission, probed.says))
        };
        let words = Some("w".to_owned());
        let allowed = (OrderPermission::Allowed, words.clone());
        assert_eq!(of(FailureKind::Refused, true), Ok(allowed));
        let refused = (OrderPermission::Refused { seen: None }, words);
        assert_eq!(of(FailureKind::IpNotAllowed, false), Ok(refused));
        for kind in [FailureKind::Refused, FailureKind::Malformed, FailureKind::RateLimited] {
            assert!(matches!(of(kind, false), Ok((OrderPermission::CannotTell { .. }, _))));
        }
        let agreed = verdict(Ok(())).unwrap().permission;
        assert!(matches!(agreed, OrderPermission::CannotTell { .. }));
        assert!(of(FailureKind::SessionExpired, false).is_err());
        let error = BrokerError::bare(FailureKind::Unreachable);
        assert!(verdict(Err(Fault { error, past_address_check: false, answered: false })).is_err());
    }
}
