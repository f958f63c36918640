//! Routes as data: method, path pattern, what the call is, and who may make it.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::message::Request;

/// What a call does, the same word at both brokers; faults are aimed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// The page where a person logs in.
    LoginPage,
    /// Log in, or exchange a request token.
    Login,
    /// Renew a session.
    Refresh,
    /// End a session.
    Logout,
    /// Who is this.
    Profile,
    /// Money at hand.
    Funds,
    /// Place an order.
    Place,
    /// Change an order.
    Modify,
    /// Cancel an order.
    Cancel,
    /// Today's orders.
    Book,
    /// One order.
    Order,
    /// Today's trades.
    Trades,
    /// The trades of one order.
    OrderTrades,
    /// Open positions.
    Positions,
    /// Holdings.
    Holdings,
    /// Last traded price.
    Ltp,
    /// Prices of several instruments.
    Quote,
    /// Instruments by a part of their name.
    Search,
    /// Ask for the depository's word.
    Authorise,
    /// Prices of the past.
    Candles,
    /// The day's list of instruments.
    Instruments,
    /// Change the product of a position.
    Convert,
    /// What orders would bind.
    Margin,
    /// What orders would cost.
    Charges,
    /// Shares that need consent.
    Cautionary,
}

/// What must be in order before a handler is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing, not even the headers that name an app.
    Public,
    /// No session.
    Open,
    /// A live session.
    Session,
}

/// One row of a broker's route table.
pub(crate) struct Route<H> {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) operation: Operation,
    pub(crate) access: Access,
    pub(crate) handler: H,
}

impl<H> Route<H> {
    pub(crate) const fn new(
        method: Method,
        path: &'static str,
        operation: Operation,
        access: Access,
        handler: H,
    ) -> Self {
        Self { method, path, operation, access, handler }
    }
}

/// The row that serves `request`, with what stood in place of each `{}`.
pub(crate) fn find<'t, H>(
    table: &'t [Route<H>],
    request: &Request,
) -> Option<(&'t Route<H>, Vec<String>)> {
    table
        .iter()
        .filter(|route| route.method == request.method)
        .find_map(|route| Some((route, captures(route.path, &request.path)?)))
}

/// Empty segments are skipped, so a doubled or trailing slash does no harm.
fn captures(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut caught = Vec::new();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    for wanted in pattern.split('/').filter(|segment| !segment.is_empty()) {
        let segment = segments.next()?;
        match wanted {
            "{}" => caught.push(segment.to_owned()),
            word if word == segment => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(caught)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_catch_segments_and_forgive_slashes() {
        assert_eq!(captures("/orders/{}/trades", "/orders/12/trades"), Some(vec!["12".into()]));
        assert_eq!(captures("/a/b", "/a//b/"), Some(vec![]));
        assert_eq!(captures("/a/b", "/a"), None);
        assert_eq!(captures("/a", "/a/b"), None);
    }
}
