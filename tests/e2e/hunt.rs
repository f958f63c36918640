//! Looking for secrets in bytes: plain in any case, hex, percent-encoded, and base64 at each of the
//! three places a secret can begin in it.

use std::collections::BTreeSet;

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};

/// A secret in all the clothes it may wear.
pub(crate) struct Prey {
    what: &'static str,
    /// Compared without regard to case.
    any_case: Vec<Vec<u8>>,
    /// Compared as they are.
    exact: Vec<Vec<u8>>,
}

impl Prey {
    /// A secret in every form.
    pub(crate) fn new(what: &'static str, secret: &[u8]) -> Self {
        let hex = HEXLOWER.encode(secret).into_bytes();
        let percent = hex.chunks(2).flat_map(|digits| [b"%", digits].concat()).collect();
        let any_case = vec![secret.to_ascii_lowercase(), hex, percent];
        let mut exact: Vec<_> = (0..3).flat_map(|shift| base64_at(secret, shift)).collect();
        exact.dedup();
        Self { what, any_case, exact }
    }

    /// These bytes only, as they are.
    pub(crate) fn exact(what: &'static str, bytes: &[u8]) -> Self {
        Self { what, any_case: Vec::new(), exact: vec![bytes.to_vec()] }
    }
}

/// The clothes a secret may wear, each as it would stand in memory: as it is and in either case, in hex,
/// percent-encoded whole or where it has to be, in base64 of both alphabets at each place, and as Rust shows
/// bytes.
pub(crate) fn forms(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([secret.to_vec()]);
    if secret.is_ascii() {
        forms.extend([secret.to_ascii_lowercase(), secret.to_ascii_uppercase()]);
        forms.insert(form_urlencoded::byte_serialize(secret).collect::<String>().into_bytes());
    }
    for hex in [HEXLOWER.encode(secret), HEXUPPER.encode(secret)] {
        forms.insert(hex.as_bytes().chunks(2).flat_map(|digits| [b"%", digits].concat()).collect());
        forms.insert(hex.into_bytes());
    }
    forms.extend((0..3).flat_map(|shift| base64_at(secret, shift)));
    let bytes: Vec<String> = secret.iter().map(ToString::to_string).collect();
    forms.insert(bytes.join(", ").into_bytes());
    forms
}

/// The signs of base64 that depend on the secret alone when `shift` bytes stand before it.
fn base64_at(secret: &[u8], shift: usize) -> Vec<Vec<u8>> {
    let padded = [&vec![0; shift], secret].concat();
    let bits = padded.len() * 8;
    let (from, to) = ((shift * 8).div_ceil(6), bits / 6);
    let forms = [BASE64.encode(&padded), BASE64URL.encode(&padded)];
    forms.iter().map(|form| form.as_bytes()[from..to].to_vec()).collect()
}

/// Where it is looked for.
#[derive(Default)]
pub(crate) struct Trail {
    places: Vec<(String, Vec<u8>)>,
}

impl Trail {
    /// One more place.
    pub(crate) fn add(&mut self, name: &str, bytes: Vec<u8>) {
        self.places.push((name.to_owned(), bytes));
    }

    /// Whether this place is looked at.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.places.iter().any(|(place, _)| place == name)
    }

    /// What was found, each with its surroundings.
    pub(crate) fn finds(&self, prey: &[Prey]) -> Vec<String> {
        let mut finds = Vec::new();
        for (place, bytes) in &self.places {
            let lower = bytes.to_ascii_lowercase();
            for prey in prey {
                let folded = prey.any_case.iter().filter_map(|form| find(&lower, form));
                let plain = prey.exact.iter().filter_map(|form| find(bytes, form));
                finds.extend(folded.chain(plain).map(|at| {
                    let around = &bytes[at.saturating_sub(60)..bytes.len().min(at + 80)];
                    format!("{} in {place}: {}", prey.what, String::from_utf8_lossy(around))
                }));
            }
        }
        finds
    }
}

fn find(bytes: &[u8], form: &[u8]) -> Option<usize> {
    let first = *form.first()?;
    let mut from = 0;
    while let Some(step) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        if bytes[from + step..].starts_with(form) {
            return Some(from + step);
        }
        from += step + 1;
    }
    None
}

#[test]
fn every_form_is_found() {
    for text in [
        "xCanary-7x",
        "x43414E4152592d37x",
        "x%43%41%4e%41%52%59%2D%37x",
        &BASE64.encode(b"CANARY-7"),
        &BASE64.encode(b"xCANARY-7x"),
        &BASE64.encode(b"xyCANARY-7xyz"),
    ] {
        let mut trail = Trail::default();
        trail.add("here", text.as_bytes().to_vec());
        assert_eq!(trail.finds(&[Prey::new("it", b"CANARY-7")]).len(), 1, "{text}");
        assert!(trail.finds(&[Prey::new("it", b"CANARI-7")]).is_empty(), "{text}");
    }
}
