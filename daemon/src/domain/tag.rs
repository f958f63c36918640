//! The tag an order carries, by which it is found again after any crash.
//!
//! `day(3) plan(2) account(4) leg(2) attempt(1) mac(7)`: 19 characters of `[0-9A-Z]`. Kite takes 20,
//! Angel One fewer than 20 (both documented). Deterministic, so that a restored backup or a second
//! machine makes the same tag and finds what the first one placed; the last part is a MAC, so that
//! nobody else's order is taken for ours. The MAC is made where the key is; this file lays it out.
//! The account's digits are shifted by a number of the installation: rows are matched by the part before
//! the attempt, and two installations that trade for one person both number their accounts from 1.
//! The leg's two characters also say which firing of the plan on that date it is: 1296 numbers, 50 legs,
//! 25 firings; the first firing's are the legs' own.

use data_encoding::BASE32;
use muster_protocol::ids::{AccountId, Attempt, LegNo, OrderTag};
use muster_protocol::plan::MAX_LEGS;
use muster_protocol::time::TradingDate;

/// The characters before the attempt: equal for every attempt of one intent.
pub const PREFIX: usize = 11;
const MAC: usize = 7;
/// How many accounts four digits tell apart.
const ACCOUNTS: u32 = 36 * 36 * 36 * 36;

/// A number of the installation, from its key: 0 to 1,679,615.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift(u32);

impl Shift {
    /// From the first bytes of something only this installation can make.
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(bytes) % ACCOUNTS)
    }
}

/// What a tag says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagParts {
    /// The trading date.
    pub date: TradingDate,
    /// The plan's number.
    pub plan: u16,
    /// Which firing of the plan on that date, from 1.
    pub firing: u8,
    /// The account.
    pub account: AccountId,
    /// The leg.
    pub leg: LegNo,
    /// The attempt.
    pub attempt: Attempt,
}

impl TagParts {
    /// The tag without its MAC: what the MAC is made over. Each number wraps at its width.
    pub fn body(self, shift: Shift) -> String {
        let legs = u32::try_from(MAX_LEGS).unwrap_or(u32::MAX);
        let before = u32::from(self.firing.saturating_sub(1)).saturating_mul(legs);
        format!(
            "{}{}{}{}{}",
            day(self.date),
            base36(u32::from(self.plan), 2),
            base36((self.account.0 % ACCOUNTS).saturating_add(shift.0) % ACCOUNTS, 4),
            base36(before.saturating_add(u32::from(self.leg.0)), 2),
            base36(u32::from(self.attempt.0), 1),
        )
    }

    /// The whole tag; `mac` is the MAC over [`Self::body`], of which 35 bits are used.
    pub fn tag(self, shift: Shift, mac: &[u8; 32]) -> OrderTag {
        let mut tag = self.body(shift);
        tag.extend(BASE32.encode(mac).chars().take(MAC));
        OrderTag(tag)
    }
}

/// Whether this is laid out as a tag of this date, by whatever installation.
pub fn of_muster(tag: &str, date: TradingDate) -> bool {
    let plain = tag.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    plain && tag.len() == PREFIX + 1 + MAC && tag.starts_with(&day(date))
}

fn day(date: TradingDate) -> String {
    base36(u32::try_from(date.days_since_2020().rem_euclid(46_656)).unwrap_or(0), 3)
}

fn base36(mut number: u32, width: usize) -> String {
    let mut digits = vec!['0'; width];
    for digit in digits.iter_mut().rev() {
        *digit = char::from_digit(number % 36, 36).unwrap_or('0').to_ascii_uppercase();
        number /= 36;
    }
    digits.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Shift = Shift(0);

    fn parts() -> TagParts {
        TagParts {
            date: "2026-11-23".parse().unwrap(),
            plan: 1,
            firing: 1,
            account: AccountId(46),
            leg: LegNo(2),
            attempt: Attempt(1),
        }
    }

    #[test]
    fn a_tag_fits_both_brokers() {
        let tag = parts().tag(NONE, &[0xA5; 32]).0;
        assert_eq!(tag, "1XY01001A021UWS2LJN");
        assert!(
            tag.len() == 19 && tag.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        );
    }

    #[test]
    fn every_leg_of_every_firing_of_a_date_has_a_prefix_of_its_own() {
        let firings = 1..=muster_protocol::ids::MAX_FIRINGS;
        let legs = 0..u8::try_from(MAX_LEGS).unwrap();
        let all = firings.flat_map(|firing| legs.clone().map(move |leg| (firing, LegNo(leg))));
        let prefixes: std::collections::BTreeSet<String> = all
            .map(|(firing, leg)| TagParts { firing, leg, ..parts() }.body(NONE))
            .map(|body| body.chars().take(PREFIX).collect())
            .collect();
        assert_eq!(prefixes.len(), 25 * MAX_LEGS);
    }

    #[test]
    fn attempts_share_the_prefix_and_nothing_else_does() {
        let prefix = |parts: TagParts| parts.body(NONE).chars().take(PREFIX).collect::<String>();
        assert_eq!(prefix(parts()), prefix(TagParts { attempt: Attempt(2), ..parts() }));
        let others = [
            TagParts { leg: LegNo(3), ..parts() },
            TagParts { account: AccountId(47), ..parts() },
            TagParts { plan: 2, ..parts() },
            TagParts { firing: 2, ..parts() },
            TagParts { date: "2026-11-25".parse().unwrap(), ..parts() },
        ];
        assert!(others.into_iter().all(|other| prefix(other) != prefix(parts())));
    }

    #[test]
    fn two_installations_never_take_each_others_orders_for_their_own() {
        let prefix = |shift: Shift| parts().body(shift).chars().take(PREFIX).collect::<String>();
        assert_ne!(
            prefix(Shift::from_bytes([1, 2, 3, 4])),
            prefix(Shift::from_bytes([4, 3, 2, 1]))
        );
        // However far it is shifted, accounts stay apart.
        let shift = Shift::from_bytes([0xFF; 4]);
        let one = |account| TagParts { account: AccountId(account), ..parts() }.body(shift);
        let all: std::collections::BTreeSet<String> = (0..2_000).map(one).collect();
        assert_eq!((all.len(), one(1).len()), (2_000, 12));
    }
}
