//! What a failure to connect means where a proxy stands in between: nothing has left, and it is the
//! proxy that has to be looked at. Knows no proxy's address and no password.

use super::SendError;

/// Which of the words of a failed connection are the proxy's fault, and how that is said.
const FAULTS: [(&str, &str); 3] = [
    (
        "the connection was refused",
        "the egress's proxy cannot be reached: it refused the connection",
    ),
    (
        "no connection in the time allowed",
        "the egress's proxy made no connection in the time allowed",
    ),
    (
        "no connection could be made",
        "the egress's proxy did not connect: its address, its password or its rules",
    ),
];

/// The same error, said of the proxy.
pub(super) fn blamed(error: SendError) -> SendError {
    let SendError::NotSent(words) = error else { return error };
    let fault = FAULTS.iter().find(|(plain, _)| *plain == words);
    SendError::NotSent(fault.map_or(words, |(_, told)| told))
}
