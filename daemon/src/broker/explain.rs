//! A broker's error in words for a person: what it means, and what to do next.

use muster_protocol::check::CheckStep;
use muster_protocol::failure::{Explained, FailureKind as Kind};
use muster_protocol::order::Broker;

use super::error::BrokerError;

/// What the error is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// At which broker.
    pub broker: Broker,
    /// In which step it came up.
    pub step: CheckStep,
    /// The address to register at the broker, if known.
    pub ip_to_register: Option<&'a str>,
    /// Whose account, if known.
    pub client_id: Option<&'a str>,
}

/// Explains.
pub fn explain(error: &BrokerError, about: &About<'_>) -> Explained {
    let about_address = matches!(error.kind, Kind::IpNotAllowed | Kind::NoIpRegistered);
    let register = about.ip_to_register.filter(|_| about_address);
    Explained {
        kind: error.kind,
        broker_says: error.says.clone(),
        means: means(error, about),
        action: action(error, about),
        ip_seen: error.ip_seen.clone(),
        ip_to_register: register.map(str::to_owned),
    }
}

fn means(error: &BrokerError, about: &About<'_>) -> String {
    let title = about.broker.title();
    match error.kind {
        Kind::IpNotAllowed => not_allowed(error, about),
        Kind::NoIpRegistered => format!(
            "Login works from anywhere; orders only from a registered address, and {title} has none on file."
        ),
        Kind::CredentialsRejected => rejected(about).to_owned(),
        Kind::OtpRejected => {
            format!("The one-time code or the MPIN was refused; {title} does not say which.")
        }
        Kind::SessionExpired => expired(about).to_owned(),
        Kind::RateLimited => format!("{title} asks for fewer calls."),
        Kind::InDoubt => format!("It is not known whether {title} has carried it out."),
        Kind::Unreachable => format!("No usable answer came from {title} through this egress."),
        Kind::Maintenance => format!("{title}'s order system is under maintenance."),
        Kind::NeedsConsent => "The account holder must agree or authorise first.".to_owned(),
        Kind::Malformed => format!(
            "{title}'s answer could not be read; often it is the page of a firewall or of an outage."
        ),
        Kind::Refused => format!("{title} understood the call and said no."),
    }
}

fn not_allowed(error: &BrokerError, about: &About<'_>) -> String {
    let whose = about.client_id.map_or("the account's".to_owned(), |id| format!("{id}'s"));
    let ip = error.ip_seen.as_deref().or(about.ip_to_register).unwrap_or("this server's address");
    let means = format!(
        "Login works from anywhere; orders only from a registered address, and {ip} is not one of {whose}."
    );
    match (error.ip_seen.as_deref(), about.ip_to_register) {
        (Some(seen), Some(configured)) if seen != configured => {
            format!("{means} This egress should leave as {configured}: the way out is wrong.")
        }
        _ => means,
    }
}

const fn rejected(about: &About<'_>) -> &'static str {
    match (about.broker, about.step) {
        (Broker::AngelOne, CheckStep::OrderPermission) => {
            "The API key is not entitled to order calls."
        }
        (Broker::AngelOne, _) => "Angel One rejects the API key, the client ID or the MPIN.",
        (Broker::Zerodha, _) => {
            "Zerodha rejects the API key or secret, or the app does not serve this client."
        }
    }
}

const fn expired(about: &About<'_>) -> &'static str {
    match (about.broker, about.step) {
        (Broker::AngelOne, _) => "The session is over; Angel One ends it every midnight.",
        (Broker::Zerodha, CheckStep::Login) => {
            "There is no live session. A login is good once and for a few minutes, and its session until six in the morning."
        }
        (Broker::Zerodha, _) => {
            "The session is over; Zerodha ends it every morning, and a person must log in."
        }
    }
}

fn action(error: &BrokerError, about: &About<'_>) -> String {
    let fixed = match (error.kind, about.broker) {
        (Kind::IpNotAllowed | Kind::NoIpRegistered, _) => return register(error, about),
        (Kind::CredentialsRejected, Broker::AngelOne) => {
            "Compare key, client ID and MPIN with the SmartAPI app at https://smartapi.angelone.in and enter them again. It is not tried again by itself: accounts get blocked."
        }
        (Kind::CredentialsRejected, Broker::Zerodha) => {
            "Compare key and secret with the app at https://developers.kite.trade, and see that the client ID is registered on it."
        }
        (Kind::OtpRejected, _) => {
            "Check the MPIN, the TOTP secret (the base32 letters of https://smartapi.angelone.in/enable-totp) and this server's clock; then test once."
        }
        (Kind::SessionExpired, Broker::AngelOne) => "Test again: that logs in anew.",
        (Kind::SessionExpired, Broker::Zerodha) => {
            "Open a new login link and log in at Zerodha's page."
        }
        (Kind::RateLimited, _) => "Wait a minute, then test again.",
        (Kind::InDoubt, _) => {
            "Look in the broker's order book first. It is not sent again by itself."
        }
        (Kind::Unreachable, _) => "Check the server's network and the egress, then test again.",
        (Kind::Maintenance, _) => "Test again when it is over; nights until about 05:30 are usual.",
        (Kind::NeedsConsent, _) => {
            "Ask the holder to log in at the broker's own app and confirm there; then test again."
        }
        (Kind::Malformed, _) => "Test again in some minutes.",
        (Kind::Refused, _) => "Do what the broker's words ask for, then test again.",
    };
    fixed.to_owned()
}

fn register(error: &BrokerError, about: &About<'_>) -> String {
    let (page, _) = about.broker.dashboard();
    let Some(ip) = about.ip_to_register.or(error.ip_seen.as_deref()) else {
        return format!("Register this server's public IPv4 address at {page}, then test again.");
    };
    match about.broker {
        Broker::AngelOne => format!(
            "Register {ip} as Primary Static IP of the app at {page} (one change a week), wait up to ten minutes, then test again."
        ),
        Broker::Zerodha => format!(
            "Add {ip} at {page} under Profile, IP Whitelist (one change a week), then test again."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 12] = [
        Kind::Refused,
        Kind::IpNotAllowed,
        Kind::NoIpRegistered,
        Kind::CredentialsRejected,
        Kind::OtpRejected,
        Kind::SessionExpired,
        Kind::RateLimited,
        Kind::InDoubt,
        Kind::Unreachable,
        Kind::Maintenance,
        Kind::NeedsConsent,
        Kind::Malformed,
    ];

    #[test]
    fn every_kind_has_a_meaning_and_an_action_in_sentences() {
        for (kind, broker) in KINDS.iter().flat_map(|k| Broker::ALL.map(|b| (*k, b))) {
            for step in CheckStep::ALL {
                let about = About { broker, step, ip_to_register: None, client_id: None };
                let explained = explain(&BrokerError::says(kind, "w"), &about);
                for text in [&explained.means, &explained.action] {
                    assert!(text.ends_with('.') && text.len() > 20, "{kind:?} {text}");
                }
                assert_eq!(explained.broker_says.as_deref(), Some("w"));
            }
        }
    }

    #[test]
    fn the_exact_address_and_page_are_named() {
        let about = |broker| About {
            broker,
            step: CheckStep::OrderPermission,
            ip_to_register: Some("98.88.173.81"),
            client_id: Some("A123456"),
        };
        let angel = explain(&BrokerError::bare(Kind::IpNotAllowed), &about(Broker::AngelOne));
        assert!(angel.means.contains("98.88.173.81 is not one of A123456's"));
        assert!(angel.action.contains("98.88.173.81") && angel.action.contains("/new/apps"));
        assert_eq!(angel.ip_to_register.as_deref(), Some("98.88.173.81"));
        let seen = Some("3.86.244.195".to_owned());
        let error = BrokerError { kind: Kind::IpNotAllowed, says: None, ip_seen: seen };
        let kite = explain(&error, &about(Broker::Zerodha));
        assert!(kite.means.contains("3.86.244.195") && kite.means.contains("the way out is wrong"));
        assert!(kite.action.contains("98.88.173.81") && kite.action.contains("IP Whitelist"));
    }
}
