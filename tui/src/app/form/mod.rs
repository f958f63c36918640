//! The fields of the connect form, and what can be said of a typed value without keeping it.

mod block;

use muster_protocol::order::Broker;

pub(crate) use block::pairs;

/// A field of the connect form, in the words of the broker's portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FieldName {
    /// The address to register and the links: no input, but keys of its own.
    Guide,
    User,
    ClientId,
    Secret(SecretField),
    Egress,
}

/// A field whose text lives in the secret store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SecretField {
    ApiKey,
    Mpin,
    TotpSecret,
    ApiSecret,
    /// The address the browser ended at after the login.
    Redirect,
}

/// What is known of a typed secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SecretFacts {
    /// How many characters.
    pub(crate) typed: usize,
    /// What they look like.
    pub(crate) shape: Shape,
}

/// What a typed secret looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Shape {
    /// Nothing is typed.
    #[default]
    Empty,
    /// As it should be.
    Good,
    /// Not only digits.
    NotDigits,
    /// Digits, but not four.
    NotFour,
    /// The six digits that change, not the secret behind them.
    SixDigits,
    /// An identifier of the portal, not the secret.
    Uuid,
    /// Characters that base32 does not have.
    NotBase32,
    /// Base32, but fewer than 16 letters.
    TooShort,
    /// Spaces or signs no key has.
    OddSigns,
}

impl FieldName {
    /// The fields for a broker, in order.
    pub(crate) const fn of(broker: Broker) -> &'static [Self] {
        use SecretField::{ApiKey, ApiSecret, Mpin, TotpSecret};
        match broker {
            Broker::AngelOne => &[
                Self::Guide,
                Self::User,
                Self::ClientId,
                Self::Secret(ApiKey),
                Self::Secret(Mpin),
                Self::Secret(TotpSecret),
                Self::Secret(ApiSecret),
                Self::Egress,
            ],
            Broker::Zerodha => &[
                Self::Guide,
                Self::User,
                Self::Secret(ApiKey),
                Self::Secret(ApiSecret),
                Self::Egress,
            ],
        }
    }

    /// The label before the field.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Guide => "Address",
            Self::User => "User",
            Self::ClientId => "Client ID",
            Self::Secret(secret) => secret.label(),
            Self::Egress => "Egress",
        }
    }

    /// The hint behind an empty field.
    pub(crate) const fn hint(self, broker: Broker) -> &'static str {
        match self {
            Self::Guide => "",
            Self::User => "whose account it is, such as asha.k",
            Self::ClientId => "as you log in at Angel One, such as A123456",
            Self::Secret(SecretField::ApiKey) => "of the app at the broker",
            Self::Secret(SecretField::Mpin) => "4 digits, not the password",
            Self::Secret(SecretField::TotpSecret) => "base32, 16 letters or more; not the 6 digits",
            Self::Secret(SecretField::ApiSecret) => match broker {
                Broker::AngelOne => "optional; no call uses it",
                Broker::Zerodha => "of the same app",
            },
            Self::Secret(SecretField::Redirect) => "the whole address, or the request token",
            Self::Egress => "left and right choose",
        }
    }
}

impl SecretField {
    /// The label before the field.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::Mpin => "MPIN",
            Self::TotpSecret => "TOTP secret",
            Self::ApiSecret => "API secret",
            Self::Redirect => "Address",
        }
    }

    /// What a typed value looks like. Looks only; nothing of it is kept.
    pub(crate) fn shape(self, text: &str) -> Shape {
        if text.is_empty() {
            return Shape::Empty;
        }
        match self {
            Self::Mpin if !digits(text) => Shape::NotDigits,
            Self::Mpin if text.len() != 4 => Shape::NotFour,
            Self::TotpSecret => totp_shape(text),
            Self::ApiKey | Self::ApiSecret if text.chars().all(|c| c.is_ascii_graphic()) => {
                Shape::Good
            }
            Self::ApiKey | Self::ApiSecret => Shape::OddSigns,
            Self::Mpin | Self::Redirect => Shape::Good,
        }
    }
}

impl SecretFacts {
    /// Why the field cannot be sent as it is.
    pub(crate) fn problem(self, field: SecretField, broker: Broker) -> Option<String> {
        let optional = field == SecretField::ApiSecret && broker == Broker::AngelOne;
        let label = field.label();
        Some(match self.shape {
            Shape::Good => return None,
            Shape::Empty if optional => return None,
            Shape::Empty => format!("{label} is missing"),
            Shape::NotDigits => format!("{label} is 4 digits; this holds something else"),
            Shape::NotFour => format!("{label} has {} digits, it needs 4", self.typed),
            Shape::SixDigits => {
                format!(
                    "{label}: these are the 6 digits of the moment; enter the secret behind them"
                )
            }
            Shape::Uuid => format!("{label}: this is an identifier (UUID), not the base32 secret"),
            Shape::NotBase32 => format!("{label} is base32: only A to Z and 2 to 7"),
            Shape::TooShort => format!("{label} has {} letters, it needs 16 or more", self.typed),
            Shape::OddSigns => format!("{label} holds a space or a sign no key has"),
        })
    }
}

/// Why a user name cannot be used.
pub(crate) fn user_problem(text: &str) -> Option<String> {
    match text.parse::<muster_protocol::ids::UserId>() {
        _ if text.is_empty() => Some("User is missing".to_owned()),
        Ok(_) => None,
        Err(_) => Some(
            "User: 1 to 24 of a-z, 0-9, '.', '-' and '_', starting with a letter or digit"
                .to_owned(),
        ),
    }
}

/// Why a client ID cannot be used.
pub(crate) fn client_problem(text: &str) -> Option<String> {
    let shape = (4..=12).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
        && text.contains(|c: char| c.is_ascii_digit());
    match text {
        "" => Some("Client ID is missing".to_owned()),
        _ if text.contains('@') => Some("Client ID is not the e-mail address".to_owned()),
        _ if shape => None,
        _ => Some("Client ID: 4 to 12 letters and digits, such as A123456".to_owned()),
    }
}

fn totp_shape(text: &str) -> Shape {
    let bare: usize = text.chars().filter(|c| !matches!(c, ' ' | '-' | '=')).count();
    let base32 = |c: char| c.is_ascii_alphabetic() || matches!(c, '2'..='7');
    let uuid = text.len() == 36 && text.matches('-').count() == 4;
    match text {
        _ if uuid => Shape::Uuid,
        _ if digits(text) && text.len() == 6 => Shape::SixDigits,
        _ if !text.chars().all(|c| base32(c) || matches!(c, ' ' | '-' | '=')) => Shape::NotBase32,
        _ if bare < 16 => Shape::TooShort,
        _ => Shape::Good,
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_totp_secret_is_told_from_what_people_enter_instead() {
        let shape = |text| SecretField::TotpSecret.shape(text);
        assert_eq!(shape("JBSWY3DPEHPK3PXP"), Shape::Good);
        assert_eq!(shape("jbsw y3dp ehpk 3pxp"), Shape::Good);
        assert_eq!(shape("123456"), Shape::SixDigits);
        assert_eq!(shape("123e4567-e89b-12d3-a456-426614174000"), Shape::Uuid);
        assert_eq!(shape("JBSWY3DPEHPK3PX1"), Shape::NotBase32);
        assert_eq!(shape("JBSWY3DP"), Shape::TooShort);
        assert_eq!(shape(""), Shape::Empty);
    }

    #[test]
    fn an_mpin_is_four_digits() {
        let shape = |text| SecretField::Mpin.shape(text);
        assert_eq!(shape("1234"), Shape::Good);
        assert_eq!(shape("12"), Shape::NotFour);
        assert_eq!(shape("12a4"), Shape::NotDigits);
        let facts = SecretFacts { typed: 2, shape: Shape::NotFour };
        let why = facts.problem(SecretField::Mpin, Broker::AngelOne);
        assert_eq!(why.as_deref(), Some("MPIN has 2 digits, it needs 4"));
    }

    #[test]
    fn only_angel_ones_api_secret_may_stay_empty() {
        let empty = SecretFacts::default();
        assert!(empty.problem(SecretField::ApiSecret, Broker::AngelOne).is_none());
        assert!(empty.problem(SecretField::ApiSecret, Broker::Zerodha).is_some());
        assert!(empty.problem(SecretField::ApiKey, Broker::AngelOne).is_some());
    }

    #[test]
    fn a_client_id_has_a_shape() {
        assert!(client_problem("A123456").is_none());
        for bad in ["", "asha@example.com", "A 1", "ABCDEF", "A123456789012"] {
            assert!(client_problem(bad).is_some(), "{bad}");
        }
    }
}
