//! A pasted block of `name=value` lines, as people keep credentials in a file: several fields at once.
//! The values are slices of what was pasted; nothing is copied here.

use super::{FieldName, SecretField};

/// One line of a block: the field it names, if any does, and its value.
pub(crate) type Pair<'a> = (Option<FieldName>, &'a str);

/// The lines of a block; `None` if the text is no such block but a value of its own.
pub(crate) fn pairs<'a>(text: &'a str, fields: &[FieldName]) -> Option<Vec<Pair<'a>>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pairs: Vec<Pair<'a>> = lines.filter(|line| !line.starts_with('#')).map(pair).collect();
    let known = pairs.iter().filter(|(field, _)| field.is_some()).count();
    let is_block = known >= 2 || (known == 1 && pairs.len() == 1);
    let of_form = |field: FieldName| fields.contains(&field).then_some(field);
    is_block
        .then(|| pairs.into_iter().map(|(field, value)| (field.and_then(of_form), value)).collect())
}

fn pair(line: &str) -> Pair<'_> {
    let split = line.split_once(['=', ':']);
    split.map_or((None, line), |(name, value)| (named(name), bare(value)))
}

/// A value without its quotes, as shells and JSON write them.
fn bare(value: &str) -> &str {
    let value = value.trim().trim_end_matches(',').trim();
    let quoted = |mark: char| value.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value)
}

/// The field a name means, however it is written.
fn named(name: &str) -> Option<FieldName> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    let plain = plain.strip_prefix("export").unwrap_or(&plain);
    Some(match plain {
        "user" | "username" => FieldName::User,
        "client" | "clientid" | "clientcode" => FieldName::ClientId,
        "apikey" | "key" => FieldName::Secret(SecretField::ApiKey),
        "mpin" | "pin" => FieldName::Secret(SecretField::Mpin),
        "totp" | "totpsecret" | "totpkey" => FieldName::Secret(SecretField::TotpSecret),
        "apisecret" | "secret" | "secretkey" => FieldName::Secret(SecretField::ApiSecret),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_protocol::order::Broker;

    fn angel(text: &str) -> Option<Vec<Pair<'_>>> {
        pairs(text, FieldName::of(Broker::AngelOne))
    }

    #[test]
    fn a_block_fills_fields_however_it_is_written() {
        let text = "# Angel One\nCLIENT_ID = A123456\nexport API_KEY='k 1'\n\"mpin\": \"1234\",\nTOTP secret: ABC=\nnote=x";
        let secret = |field| Some(FieldName::Secret(field));
        let wanted = [
            (Some(FieldName::ClientId), "A123456"),
            (secret(SecretField::ApiKey), "k 1"),
            (secret(SecretField::Mpin), "1234"),
            (secret(SecretField::TotpSecret), "ABC="),
            (None, "x"),
        ];
        assert_eq!(angel(text).unwrap(), wanted);
    }

    #[test]
    fn a_value_of_its_own_is_no_block() {
        for value in ["JBSWY3DPEHPK3PXP", "abc=def", "https://x/?api_key=1&b=2", "line\nline", ""] {
            assert!(angel(value).is_none(), "{value}");
        }
        assert_eq!(angel("mpin=1234").map(|all| all.len()), Some(1));
    }

    #[test]
    fn a_field_the_form_does_not_have_is_not_filled() {
        let zerodha = pairs("api_key=a\nmpin=1\napi_secret=b", FieldName::of(Broker::Zerodha));
        let filled = zerodha.unwrap().iter().filter(|(field, _)| field.is_some()).count();
        assert_eq!(filled, 2);
    }
}
