//! A broker's words made safe to show and to keep: no secret, no control or direction sign, short.

/// The longest text kept, in characters.
const MAX_CHARS: usize = 300;
/// What stands where a secret stood.
const HIDDEN: &str = "[hidden]";
/// A run of letters and digits this long is taken for a token.
const TOKEN_LENGTH: usize = 32;
/// Shorter secrets would blot out ordinary words; a four-digit MPIN is the shortest there is.
const SECRET_LENGTH: usize = 4;

/// The text without the given secrets and without anything that looks like a token.
pub fn words(text: &str, secrets: &[&str]) -> String {
    let mut clean = plain(text);
    for secret in secrets.iter().filter(|secret| secret.len() >= SECRET_LENGTH) {
        clean = clean.replace(secret, HIDDEN);
    }
    shorten(&without_tokens(&clean))
}

/// Drops direction and zero-width signs, turns control signs and runs of blanks into one space.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * MAX_CHARS));
    // Far more than is kept, so that a secret is whole when it is looked for.
    for c in text.chars().filter(|c| !is_invisible(*c)).take(16 * 1024) {
        if !c.is_control() && !c.is_whitespace() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn without_tokens(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '=') {
            run.push(c);
        } else {
            flush(&mut run, &mut out);
            out.push(c);
        }
    }
    flush(&mut run, &mut out);
    out
}

fn flush(run: &mut String, out: &mut String) {
    out.push_str(if looks_like_token(run) { HIDDEN } else { run });
    run.clear();
}

fn looks_like_token(run: &str) -> bool {
    let has_digit = run.bytes().any(|b| b.is_ascii_digit());
    // `eyJ` is how every JWT begins: `{"` in base64.
    (run.contains("eyJ") && run.len() >= 10) || (has_digit && run.len() >= TOKEN_LENGTH)
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= MAX_CHARS {
        return text.to_owned();
    }
    text.chars().take(MAX_CHARS - 1).chain(['\u{2026}']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brokers_own_words_pass_unchanged() {
        for text in [
            "IP (3.86.244.195) is not allowed to place orders for this app. Update allowed IPs on the Kite developer console. Learn more - https://support.zerodha.com/category/trading-and-markets/general-kite/kite-api/articles/static-ip",
            "Insufficient funds. Required margin is 95417.84 but available margin is 74251.80.",
            "Order 1953341975595868160 cannot be cancelled",
            "IP (2401:4900:1c2a:77ff:a1b2:c3d4:e5f6:0708) is not allowed",
        ] {
            assert_eq!(words(text, &[]), text);
        }
    }

    #[test]
    fn secrets_and_tokens_are_hidden() {
        for (text, secrets) in [
            ("key CANARY-KEY is bad", &["CANARY-KEY"][..]),
            ("a CAN\u{200b}ARY\u{202e}-KEY b", &["CANARY-KEY"][..]),
            ("Bearer eyJhbGciOiJIUzUxMiJ9.CANARYs.e30 is bad", &[][..]),
            ("token CANARYabcdefghijklmnopqrstuvwxyz0123456789", &[][..]),
            ("?access_token=CANARY3456789012345678901", &[][..]),
        ] {
            let shown = words(text, secrets);
            assert!(!shown.contains("CANARY") && shown.contains(HIDDEN), "{shown}");
        }
    }

    #[test]
    fn control_and_direction_signs_do_not_survive_and_length_is_bounded() {
        assert_eq!(words("a\u{1b}[31m\r\n\tb\u{202e}c\0", &[]), "a [31m bc");
        assert_eq!(words(&"é".repeat(5000), &[]).chars().count(), MAX_CHARS);
        assert_eq!(words("", &[]), "");
    }

    proptest::proptest! {
        #[test]
        fn a_secret_never_survives(before in ".{0,400}", after in ".{0,400}") {
            let shown = words(&format!("{before}CANARY-7{after}"), &["CANARY-7"]);
            proptest::prop_assert!(!shown.contains("CANARY-7") && shown.chars().count() <= MAX_CHARS);
            proptest::prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)));
        }
    }
}
