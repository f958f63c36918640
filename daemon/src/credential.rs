//! Credentials and sessions inside the daemon: checked when made, masked, wiped when dropped.
//! Knows no broker's calls and no storage.

use std::fmt;

use muster_protocol::account::Credential as Entered;
use muster_protocol::order::Broker;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A secret text inside the daemon.
pub struct SecretText(SecretString);

impl SecretText {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text itself; each use is a place to look at.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// What a user entered, checked.
#[derive(Debug)]
pub enum Credential {
    /// Angel One.
    AngelOne {
        /// The app's key (8 characters).
        api_key: SecretText,
        /// The client code.
        client_id: String,
        /// Four digits, sent as the password.
        mpin: SecretText,
        /// Base32, upper case, no spaces or padding; 10 bytes or more when decoded.
        totp_secret: SecretText,
    },
    /// Zerodha.
    Zerodha {
        /// The app's key.
        api_key: SecretText,
        /// The app's secret; signs the token exchange.
        api_secret: SecretText,
    },
}

/// What a broker gave for a day.
#[derive(Debug)]
pub enum SessionSecret {
    /// Angel One.
    AngelOne {
        /// Sent as bearer.
        jwt: SecretText,
    },
    /// Zerodha.
    Zerodha {
        /// Sent with the API key.
        access_token: SecretText,
    },
}

/// A field that cannot be right; names the field and the rule, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct InvalidField {
    /// The field, by the name on the form.
    pub field: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

/// Sealed bytes that hold something else than they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes are of a kind or version this build does not know")]
pub struct UnknownSecret;

#[derive(Serialize)]
#[serde(tag = "kind")]
enum Plain<'a> {
    #[serde(rename = "angel_one_credential")]
    AngelOneCredential { api_key: &'a str, client_id: &'a str, mpin: &'a str, totp_secret: &'a str },
    #[serde(rename = "zerodha_credential")]
    ZerodhaCredential { api_key: &'a str, api_secret: &'a str },
    #[serde(rename = "angel_one_session")]
    AngelOneSession { jwt: &'a str },
    #[serde(rename = "zerodha_session")]
    ZerodhaSession { access_token: &'a str },
}

/// The same as it is read: every field in place, so that no copy of a secret is made on the way.
#[derive(Deserialize)]
struct Fields<'a> {
    kind: &'a str,
    api_key: Option<&'a str>,
    api_secret: Option<&'a str>,
    client_id: Option<&'a str>,
    mpin: Option<&'a str>,
    totp_secret: Option<&'a str>,
    jwt: Option<&'a str>,
    access_token: Option<&'a str>,
}

impl<'a> Plain<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, UnknownSecret> {
        let fields: Fields<'a> = serde_json::from_slice(bytes).map_err(|_| UnknownSecret)?;
        Self::of(&fields).ok_or(UnknownSecret)
    }

    fn of(fields: &Fields<'a>) -> Option<Self> {
        Some(match fields.kind {
            "angel_one_credential" => Self::AngelOneCredential {
                api_key: fields.api_key?,
                client_id: fields.client_id?,
                mpin: fields.mpin?,
                totp_secret: fields.totp_secret?,
            },
            "zerodha_credential" => {
                Self::ZerodhaCredential { api_key: fields.api_key?, api_secret: fields.api_secret? }
            }
            "angel_one_session" => Self::AngelOneSession { jwt: fields.jwt? },
            "zerodha_session" => Self::ZerodhaSession { access_token: fields.access_token? },
            _ => return None,
        })
    }
}

impl Credential {
    /// Checks what was entered; the same rules the form shows.
    pub fn check(entered: &Entered) -> Result<Self, InvalidField> {
        match entered {
            Entered::AngelOne { api_key, client_id, mpin, totp_secret, api_secret: _ } => {
                Ok(Self::AngelOne {
                    api_key: token("API key", api_key.expose())?,
                    client_id: client_code(client_id)?,
                    mpin: four_digits(mpin.expose())?,
                    totp_secret: base32_secret(totp_secret.expose())?,
                })
            }
            Entered::Zerodha { api_key, api_secret } => Ok(Self::Zerodha {
                api_key: token("API key", api_key.expose())?,
                api_secret: token("API secret", api_secret.expose())?,
            }),
        }
    }

    /// Whose credential it is.
    pub const fn broker(&self) -> Broker {
        match self {
            Self::AngelOne { .. } => Broker::AngelOne,
            Self::Zerodha { .. } => Broker::Zerodha,
        }
    }

    /// The key that names the app at the broker.
    pub const fn api_key(&self) -> &SecretText {
        match self {
            Self::AngelOne { api_key, .. } | Self::Zerodha { api_key, .. } => api_key,
        }
    }

    /// The bytes to seal.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        plain(&match self {
            Self::AngelOne { api_key, client_id, mpin, totp_secret } => Plain::AngelOneCredential {
                api_key: api_key.expose(),
                client_id,
                mpin: mpin.expose(),
                totp_secret: totp_secret.expose(),
            },
            Self::Zerodha { api_key, api_secret } => Plain::ZerodhaCredential {
                api_key: api_key.expose(),
                api_secret: api_secret.expose(),
            },
        })
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UnknownSecret> {
        let secret = |text: &str| SecretText::new(text.to_owned());
        match Plain::read(bytes) {
            Ok(Plain::AngelOneCredential { api_key, client_id, mpin, totp_secret }) => {
                Ok(Self::AngelOne {
                    api_key: secret(api_key),
                    client_id: client_id.to_owned(),
                    mpin: secret(mpin),
                    totp_secret: secret(totp_secret),
                })
            }
            Ok(Plain::ZerodhaCredential { api_key, api_secret }) => {
                Ok(Self::Zerodha { api_key: secret(api_key), api_secret: secret(api_secret) })
            }
            Ok(Plain::AngelOneSession { .. } | Plain::ZerodhaSession { .. }) | Err(_) => {
                Err(UnknownSecret)
            }
        }
    }
}

impl SessionSecret {
    /// The bytes to seal.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        plain(&match self {
            Self::AngelOne { jwt } => Plain::AngelOneSession { jwt: jwt.expose() },
            Self::Zerodha { access_token } => {
                Plain::ZerodhaSession { access_token: access_token.expose() }
            }
        })
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UnknownSecret> {
        let secret = |text: &str| SecretText::new(text.to_owned());
        match Plain::read(bytes) {
            Ok(Plain::AngelOneSession { jwt }) => Ok(Self::AngelOne { jwt: secret(jwt) }),
            Ok(Plain::ZerodhaSession { access_token }) => {
                Ok(Self::Zerodha { access_token: secret(access_token) })
            }
            Ok(Plain::AngelOneCredential { .. } | Plain::ZerodhaCredential { .. }) | Err(_) => {
                Err(UnknownSecret)
            }
        }
    }
}

fn plain(value: &Plain<'_>) -> Zeroizing<Vec<u8>> {
    // Room for any credential, so that the buffer does not grow and leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(8 * 1024));
    serde_json::to_writer(&mut *bytes, value).expect("a struct of texts always encodes");
    bytes
}

fn token(field: &'static str, text: &str) -> Result<SecretText, InvalidField> {
    let text = text.trim();
    let printable = text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
    if (4..=256).contains(&text.len()) && printable {
        Ok(SecretText::new(text.to_owned()))
    } else {
        Err(InvalidField { field, rule: "4 to 256 letters, digits and signs, without spaces" })
    }
}

fn client_code(text: &str) -> Result<String, InvalidField> {
    let text = text.trim().to_ascii_uppercase();
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = text.bytes().skip(letters).all(|b| b.is_ascii_digit());
    if (1..=4).contains(&letters) && digits && (letters + 1..=12).contains(&text.len()) {
        Ok(text)
    } else {
        Err(InvalidField {
            field: "Client ID",
            rule: "one to four letters, then digits, as A123456",
        })
    }
}

fn four_digits(text: &str) -> Result<SecretText, InvalidField> {
    let text = text.trim();
    if text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(SecretText::new(text.to_owned()))
    } else {
        Err(InvalidField { field: "MPIN", rule: "four digits; not the account's password" })
    }
}

fn base32_secret(text: &str) -> Result<SecretText, InvalidField> {
    const FIELD: &str = "TOTP secret";
    let wrong = |rule| Err(InvalidField { field: FIELD, rule });
    let kept = text.chars().filter(|c| !c.is_ascii_whitespace() && !matches!(c, '-' | '='));
    let clean = Zeroizing::new(kept.map(|c| c.to_ascii_uppercase()).collect::<String>());
    if clean.len() == 6 && clean.bytes().all(|b| b.is_ascii_digit()) {
        return wrong("the secret behind the code, not the six digits");
    }
    if text.trim().len() == 36 && text.matches('-').count() == 4 {
        return wrong("base32 letters; a UUID is the app's secret, not the TOTP secret");
    }
    let base32 = clean.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
    // 16 characters are 80 bits: short by the RFC's advice, and what Angel One issues.
    if !base32 || !(16..=128).contains(&clean.len()) {
        return wrong("base32: letters A to Z and digits 2 to 7, 16 or more");
    }
    Ok(SecretText::new(clean.to_string()))
}

#[cfg(test)]
mod tests {
    use muster_protocol::secret::Secret;

    use super::*;

    fn angel(client: &str, mpin: &str, totp: &str) -> Result<Credential, InvalidField> {
        let secret = |text: &str| Secret::new(text.to_owned());
        Credential::check(&Entered::AngelOne {
            api_key: secret("AbCd1234"),
            client_id: client.to_owned(),
            mpin: secret(mpin),
            totp_secret: secret(totp),
            api_secret: None,
        })
    }

    #[test]
    fn sixteen_character_totp_secrets_are_normal() {
        let made = angel("a123456", "1234", "jbsw y3dp ehpk 3pxp").unwrap();
        let Credential::AngelOne { client_id, totp_secret, .. } = made else { unreachable!() };
        assert_eq!((client_id.as_str(), totp_secret.expose()), ("A123456", "JBSWY3DPEHPK3PXP"));
    }

    #[test]
    fn a_wrong_field_is_named_with_its_rule() {
        let field = |r: Result<Credential, InvalidField>| r.unwrap_err().field;
        assert_eq!(field(angel("123456", "1234", "JBSWY3DPEHPK3PXP")), "Client ID");
        assert_eq!(field(angel("A123456", "12a4", "JBSWY3DPEHPK3PXP")), "MPIN");
        for bad in [
            "123456",
            "JBSWY3DPEHPK3PX",
            "0BSWY3DPEHPK3PXP",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        ] {
            assert_eq!(field(angel("A123456", "1234", bad)), "TOTP secret", "{bad}");
        }
    }

    #[test]
    fn what_is_sealed_reads_back_and_kinds_are_not_mixed() {
        let made = angel("A123456", "1234", "JBSWY3DPEHPK3PXP").unwrap();
        let bytes = made.to_bytes();
        assert!(matches!(Credential::from_bytes(&bytes), Ok(Credential::AngelOne { .. })));
        assert!(SessionSecret::from_bytes(&bytes).is_err());
        assert!(!format!("{made:?}").contains("1234\""));
    }
}
