//! What the refusal of a cancel of an impossible order says about the address. Same at every broker.

use muster_protocol::check::OrderPermission;
use muster_protocol::failure::FailureKind;

use super::classify::Fault;
use super::error::BrokerError;

/// The verdict, or an error where the question could not be put.
pub(super) fn verdict(answer: Result<(), Fault>) -> Result<OrderPermission, BrokerError> {
    let cannot_tell = |why: String| Ok(OrderPermission::CannotTell { why });
    let fault = match answer {
        Ok(()) => {
            return cannot_tell("the broker agreed to cancel an order that cannot exist".into());
        }
        Err(fault) => fault,
    };
    if fault.past_address_check {
        return Ok(OrderPermission::Allowed);
    }
    let error = fault.error;
    match error.kind {
        FailureKind::IpNotAllowed => Ok(OrderPermission::Refused { seen: error.ip_seen }),
        FailureKind::NoIpRegistered => Ok(OrderPermission::NoIpRegistered),
        FailureKind::SessionExpired
        | FailureKind::CredentialsRejected
        | FailureKind::OtpRejected
        | FailureKind::Maintenance => Err(error),
        FailureKind::Refused
        | FailureKind::RateLimited
        | FailureKind::InDoubt
        | FailureKind::Unreachable
        | FailureKind::NeedsConsent
        | FailureKind::Malformed => {
            if fault.answered {
                cannot_tell(error.to_string())
            } else {
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clear_answers_give_a_clear_verdict() {
        let fault = |kind, past| Err(Fault::answer(BrokerError::says(kind, "w"), past));
        assert_eq!(verdict(fault(FailureKind::Refused, true)), Ok(OrderPermission::Allowed));
        assert!(matches!(
            verdict(fault(FailureKind::IpNotAllowed, false)),
            Ok(OrderPermission::Refused { seen: None })
        ));
        for kind in [FailureKind::Refused, FailureKind::Malformed, FailureKind::RateLimited] {
            assert!(matches!(verdict(fault(kind, false)), Ok(OrderPermission::CannotTell { .. })));
        }
        assert!(matches!(verdict(Ok(())), Ok(OrderPermission::CannotTell { .. })));
        assert!(verdict(fault(FailureKind::SessionExpired, false)).is_err());
        let unsent = Fault {
            error: BrokerError::bare(FailureKind::Unreachable),
            past_address_check: false,
            answered: false,
        };
        assert!(verdict(Err(unsent)).is_err());
    }
}
