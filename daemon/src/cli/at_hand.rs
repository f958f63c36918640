//! What opens the vault at the start: a key as a systemd credential, else a passphrase as one, else
//! nothing, and the daemon starts sealed.

use std::path::Path;

use crate::daemon::Opening;
use crate::passphrase::{Passphrase, Source};

/// The credentials by their names in the unit, which systemd-creds binds into each of them, in the order
/// they are tried.
pub const CREDENTIALS: [&str; 2] = ["musterd.key", "musterd.passphrase"];

/// What lies in the service's credentials directory. What cannot be read is said and passed over: a
/// sealed daemon can be opened by a person, one that does not start cannot.
pub(super) fn credentials(directory: &Path) -> Opening {
    let there = CREDENTIALS.into_iter().filter(|name| directory.join(name).exists());
    let read = there.filter_map(|name| {
        let source = Source::Credential { directory: directory.to_owned(), name: name.to_owned() };
        match Passphrase::read(&source) {
            Ok(secret) => Some((name.to_owned(), secret)),
            Err(error) => {
                tracing::error!(%error, "the credential {name} cannot be used");
                None
            }
        }
    });
    Opening::Credentials(read.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let Opening::Credentials(found) = credentials(folder.path()) else { panic!("no list") };
        found.into_iter().map(|(name, secret)| (name, secret.expose().to_vec())).collect()
    }

    #[test]
    fn the_key_comes_before_the_passphrase_and_another_services_credential_is_not_looked_at() {
        let key = ("musterd.key".to_owned(), b"k".to_vec());
        let passphrase = ("musterd.passphrase".to_owned(), b"p".to_vec());
        let both = [("musterd.passphrase", "p\n"), ("musterd.key", "k\n"), ("key", "x")];
        assert_eq!(found(&both), [key, passphrase.clone()]);
        for only in [
            &[("musterd.passphrase", "p")][..],
            &[("musterd.key", ""), ("musterd.passphrase", "p")],
        ] {
            assert_eq!(found(only), std::slice::from_ref(&passphrase));
        }
        assert_eq!(found(&[("passphrase", "x")]), []);
    }
}
