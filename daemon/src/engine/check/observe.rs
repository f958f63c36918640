//! Which address the world sees from an egress, and the route its clients take.
//! Here because it needs both the egress and the HTTP client, which do not know each other.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use crate::broker::base_url::{BaseUrl, InvalidBaseUrl};
use crate::broker::http::{ADDRESS_GONE, Call, Http, Route, SendError};
use crate::egress::Egress;

/// The longest answer an address can be.
const CAP: usize = 64;

/// Why an egress could not be observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// The configured page is no address.
    #[error("the page that observes it: {0}")]
    Url(#[from] InvalidBaseUrl),
    /// The page did not answer.
    #[error("{0}")]
    Send(#[from] SendError),
    /// The page answered with something else.
    #[error("the page that observes it did not answer with an address")]
    NotAnAddress,
}

/// The address the first of these pages that answers says it is called from.
pub async fn observe(http: &Http, urls: &[String]) -> Result<IpAddr, ObserveError> {
    let mut last = ObserveError::NotAnAddress;
    for url in urls {
        match ask(http, url).await {
            Ok(seen) => return Ok(seen),
            Err(error) => last = error,
        }
        // No other page can be reached either.
        if last.is_gone() {
            break;
        }
    }
    Err(last)
}

impl ObserveError {
    /// Nothing can leave by this egress: its local address is gone.
    pub fn is_gone(self) -> bool {
        self == Self::Send(SendError::NotSent(ADDRESS_GONE))
    }
}

/// Whether this machine has the address.
pub fn is_here(bind: Ipv4Addr) -> bool {
    UdpSocket::bind((bind, 0)).is_ok()
}

async fn ask(http: &Http, url: &str) -> Result<IpAddr, ObserveError> {
    let url = BaseUrl::parse(url)?;
    let reply = http.send(Call::get(url.url()).capped(CAP)).await?;
    let text = std::str::from_utf8(&reply.body).ok().filter(|_| reply.status == 200 && !reply.cut);
    text.and_then(|text| text.trim().parse().ok()).ok_or(ObserveError::NotAnAddress)
}

/// How clients of this egress leave the machine.
pub fn route(egress: &Egress) -> Route {
    Route { bind: egress.bind, proxy: egress.proxy.clone() }
}
