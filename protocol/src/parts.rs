//! Messages that are longer than a line: where they are cut, and how they are put together again. A message
//! is made whole, at one moment, before it is cut; a part by itself says nothing. No IO.

use crate::frame::{MAX_LINE, Part};

/// The longest message, in bytes: longer ones are not sent, and end the connection where they arrive.
pub const MAX_MESSAGE: usize = 256 * 1024 * 1024;

/// The longest piece. A message is a JSON text, in which no sign takes more than twice its place when it is
/// written as a JSON text once more: with what stands around it a part is never longer than a line.
const PIECE: usize = MAX_LINE / 2 - 256;

/// More parts than the longest message has, at pieces shortened by a sign that must not be cut.
const MAX_PARTS: u32 = 520;

/// Where each piece of a message ends; never inside a sign.
pub(crate) fn ends(message: &str) -> Vec<usize> {
    let (mut ends, mut from) = (Vec::new(), 0);
    while from < message.len() {
        let mut to = from.saturating_add(PIECE).min(message.len());
        while !message.is_char_boundary(to) {
            to = to.saturating_sub(1);
        }
        ends.push(to);
        from = to;
    }
    ends
}

/// Puts parts together.
#[derive(Debug, Default)]
pub struct Joiner {
    text: String,
    /// The last part that came, and of how many; zero before the first.
    last: (u32, u32),
}

/// A part came that does not follow from those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the parts of a message came out of order")]
pub struct OutOfOrder;

impl Joiner {
    /// Whether parts of a message are still to come.
    pub const fn is_waiting(&self) -> bool {
        self.last.0 > 0
    }

    /// Takes the next part; gives the message with its last.
    pub fn add(&mut self, part: &Part) -> Result<Option<String>, OutOfOrder> {
        let (number, of) = self.last;
        let first = number == 0 && part.number == 1 && (1..=MAX_PARTS).contains(&part.of);
        let next = number > 0 && part.of == of && part.number == number.saturating_add(1);
        if !(first || next) {
            return Err(OutOfOrder);
        }
        self.text.push_str(&part.text);
        if part.number < part.of {
            self.last = (part.number, part.of);
            return Ok(None);
        }
        self.last = (0, 0);
        Ok(Some(std::mem::take(&mut self.text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u32, of: u32) -> Part {
        Part { number, of, text: format!("{number}.") }
    }

    #[test]
    fn parts_are_joined_in_order_and_in_no_other() {
        let mut joiner = Joiner::default();
        for _ in 0..2 {
            assert!(!joiner.is_waiting());
            assert_eq!(joiner.add(&part(1, 3)), Ok(None));
            assert!(joiner.is_waiting());
            assert_eq!(joiner.add(&part(2, 3)), Ok(None));
            assert_eq!(joiner.add(&part(3, 3)), Ok(Some("1.2.3.".to_owned())));
        }
        for wrong in [part(0, 3), part(2, 3), part(1, 0), part(2, 1), part(1, MAX_PARTS + 1)] {
            assert_eq!(Joiner::default().add(&wrong), Err(OutOfOrder));
        }
        for wrong in [part(1, 3), part(3, 3), part(2, 4), part(2, 2), part(0, 3)] {
            let mut joiner = Joiner::default();
            assert_eq!(joiner.add(&part(1, 3)), Ok(None));
            assert_eq!(joiner.add(&wrong), Err(OutOfOrder));
        }
    }

    #[test]
    fn no_sign_is_cut_and_the_longest_message_has_no_more_parts_than_are_taken() {
        let text = "₹".repeat(MAX_LINE);
        let ends = ends(&text);
        assert!(ends.iter().all(|end| text.is_char_boundary(*end)) && ends.is_sorted());
        assert_eq!(ends.last(), Some(&text.len()));
        // A sign has four bytes at most, so that a piece is three shorter at worst.
        assert!(MAX_MESSAGE.div_ceil(PIECE - 3) <= usize::try_from(MAX_PARTS).unwrap());
    }
}
