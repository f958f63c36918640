//! The ways out of this server: by which address the brokers see an account's calls.
//! Knows no HTTP; observing an egress is the check's business.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use muster_protocol::ids::EgressName;

/// A way out, as configured.
#[derive(Clone, PartialEq, Eq)]
pub struct Egress {
    /// Its name.
    pub name: EgressName,
    /// The public address people register at their broker; empty if not known.
    pub address: String,
    /// The source address on this machine; any IPv4 address if none.
    pub bind: Option<Ipv4Addr>,
    /// A SOCKS or HTTP proxy; may hold a password.
    pub proxy: Option<String>,
    /// Pages that answer with the caller's address as plain text; the first that does is believed.
    pub observe_urls: Vec<String>,
}

/// What an observation says of an egress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The configured address, or any IPv4 address where none is configured.
    AsConfigured,
    /// An IPv6 address: lists at brokers hold IPv4.
    Ipv6,
    /// Another address than the one people register.
    Another,
}

impl Egress {
    /// Compares what the world saw with what is configured.
    pub fn judge(&self, seen: IpAddr) -> Seen {
        let configured = self.address.trim();
        if seen.is_ipv6() {
            Seen::Ipv6
        } else if configured.is_empty() || configured.parse() == Ok(seen) {
            Seen::AsConfigured
        } else {
            Seen::Another
        }
    }

    /// The address to register, if it is known.
    pub fn to_register(&self) -> Option<&str> {
        Some(self.address.trim()).filter(|address| !address.is_empty())
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress")
            .field("name", &self.name)
            .field("address", &self.address)
            .field("bind", &self.bind)
            .field("proxied", &self.proxy.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(address: &str) -> Egress {
        Egress {
            name: "main".parse().unwrap(),
            address: address.to_owned(),
            bind: None,
            proxy: Some("socks5h://u:CANARY@127.0.0.1:1080".to_owned()),
            observe_urls: Vec::new(),
        }
    }

    #[test]
    fn an_observation_is_compared_by_address_not_by_text() {
        let v4 = "98.88.173.81".parse().unwrap();
        for (configured, seen) in [
            ("98.88.173.81", Seen::AsConfigured),
            (" 98.88.173.81 ", Seen::AsConfigured),
            ("", Seen::AsConfigured),
            ("98.88.173.8", Seen::Another),
            ("server.example", Seen::Another),
        ] {
            assert_eq!(egress(configured).judge(v4), seen, "{configured:?}");
        }
        assert_eq!(egress("").judge("2001:db8::1".parse().unwrap()), Seen::Ipv6);
        assert_eq!(egress(" ").to_register(), None);
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        assert!(!format!("{:?}", egress("")).contains("CANARY"));
    }
}
