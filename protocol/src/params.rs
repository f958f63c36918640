//! What is said of parameters that do not fit: which field and what it should be, never what was
//! sent, since that may be a secret in the wrong place.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// A parameter's name, and what is wrong with its value if it is not of its type.
pub(crate) type Probe = (&'static str, fn(&RawValue) -> Option<String>);

/// The probe of one type.
pub(crate) fn fault<T: DeserializeOwned>(value: &RawValue) -> Option<String> {
    serde_json::from_str::<T>(value.get()).err().map(|error| without_values(&error))
}

/// Why the parameters as a whole were refused: the first that does not fit, or what serde says.
pub(crate) fn explain(error: &serde_json::Error, params: &str, probes: &[Probe]) -> String {
    let named: BTreeMap<String, &RawValue> = serde_json::from_str(params).unwrap_or_default();
    let mut faults = probes.iter().filter_map(|(name, fault)| {
        let wrong = fault(named.get(*name)?)?;
        Some(format!("`{name}`: {wrong}"))
    });
    faults.next().unwrap_or_else(|| without_values(error))
}

/// serde's message without the value it may quote. Its own texts end with what was expected, which
/// are our words; the errors of our types quote a value as Rust writes a string, and only once.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = match text.rsplit_once(" at line ") {
        Some((text, _)) if error.line() > 0 => text,
        _ => text.as_str(),
    };
    if QUOTING.iter().any(|start| text.starts_with(start)) {
        return match text.rsplit_once(", expected ") {
            Some((_, wanted)) => format!("expected {wanted}"),
            None => "the wrong type or value".to_owned(),
        };
    }
    match (text.split_once('"'), text.rsplit_once('"')) {
        (Some((before, _)), Some((_, after))) => {
            format!("{} {}", before.trim_end(), after.trim_start()).trim().to_owned()
        }
        _ => text.to_owned(),
    }
}

/// How the messages of serde begin that quote a value.
const QUOTING: [&str; 4] = ["invalid type", "invalid value", "invalid length", "unknown variant"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    fn refusal(method: &str, params: &str) -> String {
        let params: &RawValue = serde_json::from_str(params).unwrap();
        Request::parse(method, Some(params)).unwrap_err().to_string()
    }

    #[test]
    fn the_field_is_named_and_the_value_is_not() {
        let key = r#""api_key":"CANARY","api_secret":"CANARY""#;
        for (method, params, says) in [
            (
                "account.redirect",
                r#"{"ticket":1,"redirected":"CANARY","x":"CANARY"}"#.into(),
                "`x`",
            ),
            ("account.redirect", r#"{"ticket":1}"#.into(), "`redirected`"),
            (
                "account.redirect",
                r#"{"ticket":"CANARY","redirected":"t"}"#.into(),
                "`ticket`: expected u64",
            ),
            (
                "account.redirect",
                r#"{"ticket":1,"redirected":["CANARY"]}"#.into(),
                "`redirected`: expected a string",
            ),
            (
                "account.redirect",
                r#"{"ticket":"a, expected CANARY","redirected":"t"}"#.into(),
                "`ticket`: expected u64",
            ),
            ("account.redirect", r#""CANARY""#.into(), "expected struct SubmitRedirect"),
            ("run.show", r#"{"run":"CANARY"}"#.into(), "`run`: does not name a run: write PLAN@"),
            ("run.show", r#"{"run":"CAN\"ARY \" CANARY"}"#.into(), "`run`: does not name a run"),
            (
                "account.connect",
                format!(r#"{{"user":"CANARY x","credential":{{"broker":"zerodha",{key}}}}}"#),
                "`user`: the user name is not valid: use 1 to 24",
            ),
            (
                "account.connect",
                format!(r#"{{"user":"a","credential":{{"broker":"CANARY",{key}}}}}"#),
                "`credential`: expected `angel_one` or `zerodha`",
            ),
            (
                "account.connect",
                format!(r#"{{"user":"a","credential":{{"broker":"zerodha","mpin":7391,{key}}}}}"#),
                "`mpin`",
            ),
        ] {
            let error = refusal(method, &params);
            let quoted = ["CANARY", "ARY", "7391"].iter().find(|value| error.contains(**value));
            assert_eq!(quoted, None, "{error}");
            assert!(error.contains(says), "{error} should say {says}");
        }
    }

    #[test]
    fn a_version_that_is_not_spoken_is_told() {
        let error = refusal("hello", r#"{"protocol":7,"build":"0","client":"x"}"#);
        assert!(error.contains("`protocol`: protocol version 7 is not known here"), "{error}");
    }
}
