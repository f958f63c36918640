//! Replies damaged at random, for property tests: what a broken line, proxy or server makes of one.

use proptest::collection::vec;
use proptest::prelude::*;

/// One change of a reply's bytes.
#[derive(Debug, Clone)]
pub(super) enum Damage {
    /// A byte becomes another.
    Set(usize, u8),
    /// A byte is gone.
    Drop(usize),
    /// A byte comes in.
    Insert(usize, u8),
    /// A piece comes twice.
    Repeat(usize, usize),
    /// The rest is missing.
    Cut(usize),
}

/// One to five changes.
pub(super) fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let at = 0_usize..4096;
    let sign = prop_oneof![
        any::<u8>(),
        proptest::sample::select(b"{}[]\":,0123456789eE+-.tfn \\".to_vec())
    ];
    let one = prop_oneof![
        (at.clone(), sign.clone()).prop_map(|(at, sign)| Damage::Set(at, sign)),
        at.clone().prop_map(Damage::Drop),
        (at.clone(), sign).prop_map(|(at, sign)| Damage::Insert(at, sign)),
        (at.clone(), 1_usize..64).prop_map(|(at, length)| Damage::Repeat(at, length)),
        at.prop_map(Damage::Cut),
    ];
    vec(one, 1..6)
}

/// The reply after the damage.
pub(super) fn damaged(body: &str, damage: &[Damage]) -> Vec<u8> {
    let mut bytes = body.as_bytes().to_vec();
    for change in damage {
        let length = bytes.len().max(1);
        match *change {
            Damage::Set(at, sign) => {
                if let Some(byte) = bytes.get_mut(at % length) {
                    *byte = sign;
                }
            }
            Damage::Drop(at) if !bytes.is_empty() => drop(bytes.remove(at % length)),
            Damage::Drop(_) => {}
            Damage::Insert(at, sign) => bytes.insert((at % length).min(bytes.len()), sign),
            Damage::Repeat(at, piece) => {
                let from = (at % length).min(bytes.len());
                let piece = bytes[from..(from + piece).min(bytes.len())].to_vec();
                bytes.splice(from..from, piece);
            }
            Damage::Cut(at) => bytes.truncate(at % length),
        }
    }
    bytes
}
