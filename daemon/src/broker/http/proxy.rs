//! What a failure to connect means where a proxy stands in between: nothing has left, and it is the
//! proxy that has to be looked at. Knows no proxy's address and no password.

use super::SendError;

/// Whether it runs, knows us or obeys its rules looks all the same from here through SOCKS.
const NO_WAY: &str =
    "the egress's proxy did not connect: see that it runs, and its address, password and rules";
const TOO_SLOW: &str = "the egress's proxy made no connection in the time allowed";
/// Which of the words of a failed connection are the proxy's fault, and how that is said.
const FAULTS: [(&str, &str); 3] = [
    ("the connection was refused", NO_WAY),
    ("no connection could be made", NO_WAY),
    ("no connection in the time allowed", TOO_SLOW),
];

/// The same error, said of the proxy.
pub(super) fn blamed(error: SendError) -> SendError {
    let SendError::NotSent(words) = error else { return error };
    let fault = FAULTS.iter().find(|(plain, _)| *plain == words);
    SendError::NotSent(fault.map_or(words, |(_, told)| told))
}
