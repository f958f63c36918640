//! What is typed into secret fields. Lives beside the loop: the model knows only facts about it, and
//! it is wiped when it is dropped. No `Debug`, no `Clone`, no undo.

use std::collections::BTreeMap;

use muster_protocol::account::Credential;
use muster_protocol::order::Broker;
use muster_protocol::secret::Secret;
use zeroize::Zeroizing;

use crate::app::effect::ConnectOrder;
use crate::app::form::{SecretFacts, SecretField};
use crate::app::key::Key;

/// The longest secret, in bytes. Room for it is taken at once: a text that grows leaves copies.
const ROOM: usize = 4096;

/// The typed secrets by field.
#[derive(Default)]
pub(crate) struct SecretStore {
    fields: BTreeMap<SecretField, SecretInput>,
}

/// One secret field.
struct SecretInput(Zeroizing<String>);

impl SecretStore {
    /// Takes a key; false if it means nothing in a secret field.
    pub(crate) fn key(&mut self, field: SecretField, key: Key) -> bool {
        let text = self.field(field);
        match key {
            Key::Char(c) => put(text, c),
            Key::Backspace => drop(text.pop().map(zeroize_char)),
            Key::Ctrl('u') => *text = blank(),
            _ => return false,
        }
        true
    }

    /// Puts pasted text in: its first line, without control characters and blanks around it.
    pub(crate) fn paste(&mut self, field: SecretField, pasted: &str) {
        let text = self.field(field);
        for c in pasted.trim().chars().take_while(|c| *c != '\n' && *c != '\r') {
            put(text, c);
        }
    }

    /// What may be known of a field.
    pub(crate) fn facts(&self, field: SecretField) -> SecretFacts {
        self.fields.get(&field).map_or_else(SecretFacts::default, |input| SecretFacts {
            typed: input.0.chars().count(),
            shape: field.shape(&input.0),
        })
    }

    /// Wipes a field.
    pub(crate) fn forget(&mut self, field: SecretField) {
        self.fields.remove(&field);
    }

    /// Wipes everything.
    pub(crate) fn forget_all(&mut self) {
        self.fields.clear();
    }

    /// A field that is handed over once, taken out of the store.
    pub(crate) fn take(&mut self, field: SecretField) -> Secret {
        let secret = self.secret(field);
        self.forget(field);
        secret
    }

    /// The credential a form names. The store keeps its text until the connection is stored or left,
    /// so that a test can be tried again.
    pub(crate) fn credential(&self, order: &ConnectOrder) -> Credential {
        match order.broker {
            Broker::AngelOne => Credential::AngelOne {
                api_key: self.secret(SecretField::ApiKey),
                client_id: order.client_id.to_ascii_uppercase(),
                mpin: self.secret(SecretField::Mpin),
                totp_secret: self.totp_secret(),
                api_secret: (self.facts(SecretField::ApiSecret).typed > 0)
                    .then(|| self.secret(SecretField::ApiSecret)),
            },
            Broker::Zerodha => Credential::Zerodha {
                api_key: self.secret(SecretField::ApiKey),
                api_secret: self.secret(SecretField::ApiSecret),
            },
        }
    }

    fn secret(&self, field: SecretField) -> Secret {
        let text = self.fields.get(&field).map_or("", |input| input.0.as_str());
        Secret::new(text.to_owned())
    }

    /// People copy it in groups and in lower case.
    fn totp_secret(&self) -> Secret {
        let text = self.fields.get(&SecretField::TotpSecret).map_or("", |input| input.0.as_str());
        let mut bare = String::with_capacity(text.len());
        bare.extend(
            text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()),
        );
        Secret::new(bare)
    }

    fn field(&mut self, field: SecretField) -> &mut Zeroizing<String> {
        &mut self.fields.entry(field).or_insert_with(|| SecretInput(blank())).0
    }
}

fn blank() -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(ROOM))
}

fn put(text: &mut Zeroizing<String>, c: char) {
    if !c.is_control() && text.len().saturating_add(c.len_utf8()) <= ROOM {
        text.push(c);
    }
}

fn zeroize_char(mut c: char) {
    zeroize::Zeroize::zeroize(&mut c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_cut_at_its_line_and_facts_tell_only_length_and_shape() {
        let mut store = SecretStore::default();
        store.paste(SecretField::TotpSecret, "  jbsw y3dp ehpk 3pxp\nrm -rf /");
        assert_eq!(store.facts(SecretField::TotpSecret).typed, 19);
        assert_eq!(store.totp_secret().expose(), "JBSWY3DPEHPK3PXP");
        store.forget_all();
        assert_eq!(store.facts(SecretField::TotpSecret), SecretFacts::default());
    }

    #[test]
    fn keys_edit_and_a_field_has_an_end() {
        let mut store = SecretStore::default();
        for key in [Key::Char('1'), Key::Char('2'), Key::Backspace, Key::Char('3')] {
            assert!(store.key(SecretField::Mpin, key));
        }
        assert_eq!(store.secret(SecretField::Mpin).expose(), "13");
        assert!(!store.key(SecretField::Mpin, Key::Tab));
        store.paste(SecretField::ApiKey, &"x".repeat(9_999));
        assert_eq!(store.facts(SecretField::ApiKey).typed, ROOM);
    }
}
