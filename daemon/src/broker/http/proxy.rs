//! What a failure to connect means where a proxy stands in between: nothing has left, and it is the
//! proxy that has to be looked at. Knows no proxy's address and no password.

use std::error::Error;

use super::SendError;

/// What of it is to be looked at where nothing more is known.
const NO_WAY: &str =
    "the egress's proxy did not connect: see that it runs, and its address, password and rules";
const TOO_SLOW: &str = "the egress's proxy made no connection in the time allowed";
const NOBODY: &str =
    "nothing answers at the address of the egress's proxy: see that it runs, and its address";
const LOGIN: &str = "the egress's proxy does not take its name and password: correct them";
const CLOSED: &str =
    "the egress's proxy closed without an answer: see its log, and that its address is right";
const NO_PROXY: &str =
    "what answers at the address of the egress's proxy does not speak its kind: see its scheme";

/// What the client's libraries say of a proxy's answer, and how that is told. SOCKS has an answer for each
/// reason (RFC 1928); an HTTP proxy's other than 407 is not passed on.
const SAID: [(&str, &str); 15] = [
    ("credentials not accepted", LOGIN),
    ("proxy authorization required", LOGIN),
    (
        "user/pass authentication",
        "the egress's proxy takes no name and password: leave them out of its address",
    ),
    (
        "implements authentication incorrectly",
        "the egress's proxy agrees to no way of logging in: it may want a name and password",
    ),
    (
        "connection not allowed",
        "the egress's proxy refuses by its rules: allow this server and the broker there",
    ),
    (
        "network unreachable",
        "the egress's proxy cannot reach the broker's network: see the proxy's own way out",
    ),
    (
        "host unreachable",
        "the egress's proxy cannot reach the broker's host: see its name service and way out",
    ),
    ("SOCKS error: connection refused", "the broker refused the egress's proxy the connection"),
    ("ttl expired", "the egress's proxy lost its way to the broker: see the proxy's own way out"),
    (
        "command not supported",
        "the egress's proxy makes no connections for others: it is not the kind that is wanted",
    ),
    (
        "address type not supported",
        "the egress's proxy takes no names, or no addresses: try socks5:// for socks5h://, or the other way",
    ),
    ("general server failure", "the egress's proxy has a fault of its own: see its log"),
    ("failed parsing server response", NO_PROXY),
    ("during SOCKS handshake", CLOSED),
    ("unexpected end of file", CLOSED),
];

/// The words of a failed connection that are the proxy's fault, and how that is said.
const FAULTS: [(&str, &str); 3] = [
    ("the connection was refused", NOBODY),
    ("no connection could be made", NO_WAY),
    ("no connection in the time allowed", TOO_SLOW),
];

/// The same error, said of the proxy.
pub(super) fn blamed(error: SendError, cause: &(dyn Error + 'static)) -> SendError {
    let SendError::NotSent(words) = error else { return error };
    let Some((_, told)) = FAULTS.iter().find(|(plain, _)| *plain == words) else { return error };
    SendError::NotSent(said(cause).unwrap_or(told))
}

/// What the libraries tell of the proxy's answer. Only which words they hold is looked at: nothing of them
/// is shown.
fn said(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut source = Some(cause);
    while let Some(error) = source {
        let text = error.to_string();
        // What the SOCKS part wraps it does not hand on; a refusal of the proxy's own port ends here.
        if text == "SOCKS error: failed to create underlying connection" {
            return Some(NOBODY);
        }
        if let Some((_, told)) = SAID.iter().find(|(words, _)| text.contains(words)) {
            return Some(told);
        }
        source = error.source();
    }
    None
}
