//! I13, at compile time: what holds a secret can be neither copied, shown, compared nor written out, so that
//! no slip of a later change does it.

use muster_protocol::secret::Secret;

use crate::credential::{Credential, SecretText, SessionSecret};
use crate::custody::Custody;
use crate::custody::keys::{Derived, KeySecrets};
use crate::passphrase::Passphrase;
use crate::vault::{BackupKey, UserKey, Vault};

/// Does not compile if the type has the trait: then there are two ways to read `never`.
macro_rules! has_not {
    ($secret:ty: $($banned:path),+) => {
        $({
            trait Ambiguous<A> {
                fn never() {}
            }
            struct Has;
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $banned> Ambiguous<Has> for T {}
            <$secret as Ambiguous<_>>::never();
        })+
    };
}

#[test]
fn i13_what_holds_a_secret_cannot_be_copied_shown_compared_or_written_out() {
    macro_rules! shut {
        ($($secret:ty),+ $(,)?) => {
            $(has_not!($secret: Clone, std::fmt::Display, PartialEq, serde::Serialize);)+
        };
    }
    shut!(
        Credential,
        SecretText,
        SessionSecret,
        Custody,
        Derived,
        KeySecrets,
        Passphrase,
        BackupKey,
        UserKey,
        Vault,
    );
    // This one crosses the socket, from the client to the daemon.
    has_not!(Secret: Clone, std::fmt::Display, PartialEq);
}

#[test]
fn i13_what_holds_a_secret_shows_nothing_of_it_to_whoever_debugs() {
    let text = || Secret::new("CANARY-1".to_owned());
    let entered =
        muster_protocol::account::Credential::Zerodha { api_key: text(), api_secret: text() };
    let credential = Credential::check(&entered).unwrap();
    let session = SessionSecret::Zerodha { access_token: SecretText::new("CANARY-1".to_owned()) };
    let shown = format!("{:?} {entered:?} {credential:?} {session:?}", text());
    assert!(!shown.contains("CANARY") && !shown.contains("67, 65"), "{shown}");
}
