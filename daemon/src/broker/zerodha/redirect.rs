//! What the browser comes back with after Kite's page: from the callback, or pasted by a person.
//! Errors name what is wrong and never repeat the text: it holds a token.

use crate::credential::SecretText;

/// What a redirect says.
#[derive(Debug)]
pub enum Redirected {
    /// The person logged in.
    LoggedIn {
        /// Good once, for a few minutes.
        request_token: SecretText,
        /// What the login link carried; missing if Kite dropped it or a bare token was pasted.
        state: Option<String>,
    },
    /// The person declined, or the page ended otherwise than in success.
    Cancelled {
        /// What the login link carried, if it came back: whether it does is not settled.
        state: Option<String>,
    },
    /// The text is no such redirect; the reason in words.
    Invalid(&'static str),
}

const MAX_TEXT: usize = 4096;
const TOKEN_LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
const MAX_STATE: usize = 512;

/// Reads a whole URL (of any host), its query string, or the token alone.
pub fn parse(text: &str) -> Redirected {
    let text = text.trim().trim_matches(['"', '\'', '<', '>']);
    if text.is_empty() {
        return Redirected::Invalid("nothing was pasted");
    }
    if text.len() > MAX_TEXT {
        return Redirected::Invalid("too long for the address the browser ended at");
    }
    let query = match (text.split_once('?'), text.contains('=')) {
        (Some((_, query)), _) => query,
        (None, true) => text,
        (None, false) => return bare(text),
    };
    from_query(query.split('#').next().unwrap_or_default())
}

fn bare(text: &str) -> Redirected {
    if text.contains("://") {
        return Redirected::Invalid("the address has no request_token in it");
    }
    logged_in(text, None)
}

fn from_query(query: &str) -> Redirected {
    let (mut token, mut state, mut status) = (None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let slot = match name.as_ref() {
            // The second name stands once in the documentation.
            "request_token" | "request_key" => &mut token,
            "state" => &mut state,
            "status" => &mut status,
            _ => continue,
        };
        if slot.as_ref().is_some_and(|known| *known != value) {
            return Redirected::Invalid("the address says the same thing twice, differently");
        }
        *slot = Some(value);
    }
    match (status.as_deref(), token) {
        (Some("success") | None, Some(token)) => {
            logged_in(&token, state.map(std::borrow::Cow::into_owned))
        }
        (Some("success") | None, None) => {
            Redirected::Invalid("the address has no request_token in it")
        }
        (Some(_), _) => Redirected::Cancelled {
            state: state.filter(|state| state.len() <= MAX_STATE).map(std::borrow::Cow::into_owned),
        },
    }
}

fn logged_in(token: &str, state: Option<String>) -> Redirected {
    if !TOKEN_LENGTH.contains(&token.len()) || !token.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Redirected::Invalid("the request token has signs or a length it cannot have");
    }
    if state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
        return Redirected::Invalid("the state is longer than any that was sent");
    }
    Redirected::LoggedIn { request_token: SecretText::new(token.to_owned()), state }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "aBcDeF0123456789aBcDeF0123456789";

    #[test]
    fn a_url_a_query_and_a_bare_token_are_understood() {
        let full =
            format!("action=login&type=login&status=success&request_token={TOKEN}&state=a%2Bb");
        for (text, with_state) in [
            (format!("http://127.0.0.1:8912/kite?{full}"), true),
            (format!("  \"https://anything.example/x/y?{full}#top\"\n"), true),
            (format!("?{full}"), true),
            (full, true),
            (format!("request_token={TOKEN}"), false),
            (TOKEN.to_owned(), false),
        ] {
            let Redirected::LoggedIn { request_token, state } = parse(&text) else {
                panic!("{text}");
            };
            assert_eq!(request_token.expose(), TOKEN);
            assert_eq!(state.as_deref(), with_state.then_some("a+b"), "{text}");
        }
    }

    #[test]
    fn declining_is_not_an_error() {
        for (text, with_state) in [
            ("http://127.0.0.1/?status=cancelled".to_owned(), None),
            (format!("https://a.example/?status=error&request_token={TOKEN}"), None),
            ("?action=login&type=login&status=cancelled&state=a%2Bb".to_owned(), Some("a+b")),
            (format!("?status=cancelled&state={}", "a".repeat(513)), None),
        ] {
            let Redirected::Cancelled { state } = parse(&text) else { panic!("{text}") };
            assert_eq!(state.as_deref(), with_state, "{text}");
        }
    }

    #[test]
    fn anything_else_is_named_without_its_text() {
        for text in [
            "",
            "   ",
            "https://kite.zerodha.com/connect/login",
            "https://a.example/?status=success",
            "CANARY token with spaces",
            "request_token=CANARY%00CANARY",
            "?request_token=CANARYCANARY1&request_token=CANARYCANARY2",
            "short",
            &"CANARY".repeat(2000),
        ] {
            let Redirected::Invalid(why) = parse(text) else { panic!("{text}") };
            assert!(!why.contains("CANARY"));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,200}", query in "[?&=%a-z0-9#]{0,200}") {
            for text in [text, format!("request_token={query}&{query}")] {
                let _ = parse(&text);
            }
        }
    }
}
