//! Questions for prices that wait for the same account's turn, asked as one: a run of many legs waits once,
//! not once for each. Knows no broker.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use muster_protocol::failure::FailureKind;
use tokio::sync::oneshot;

use super::limited::Account;
use crate::broker::{BrokerError, Quote};
use crate::domain::instrument::Instrument;

/// What comes of a question.
pub(super) type Answer = Result<Vec<Option<Quote>>, BrokerError>;

/// The questions that wait, by account.
#[derive(Default)]
pub(super) struct Merged(Mutex<HashMap<Account, Vec<Waiting>>>);

struct Waiting {
    instruments: Vec<Instrument>,
    answer: oneshot::Sender<Answer>,
}

/// The one who asks for all; if it goes away, so do the questions, and those who wait are told.
pub(super) struct Turn<'a> {
    merged: &'a Merged,
    account: Account,
    taken: bool,
}

impl Merged {
    /// Puts a question: what will be the answer, and for the first in line the turn to ask for all.
    pub(super) fn put(
        &self,
        account: Account,
        instruments: &[Instrument],
    ) -> (oneshot::Receiver<Answer>, Option<Turn<'_>>) {
        let (answer, told) = oneshot::channel();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = all.entry(account).or_default();
        line.push(Waiting { instruments: instruments.to_vec(), answer });
        // Lazily: a turn that is made and dropped here would wait for the lock that is held.
        let turn = (line.len() == 1).then(|| Turn { merged: self, account, taken: false });
        (told, turn)
    }

    fn take(&self, account: Account) -> Vec<Waiting> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&account).unwrap_or_default()
    }
}

impl Turn<'_> {
    /// Asks for everything that waits by now, in one question, and tells each its part.
    pub(super) async fn ask(mut self, ask: impl AsyncFnOnce(&[Instrument]) -> Answer) {
        let line = self.merged.take(self.account);
        // Whoever comes from now on stands in a line of their own.
        self.taken = true;
        let all: Vec<Instrument> = line.iter().flat_map(|w| w.instruments.clone()).collect();
        let answer = ask(&all).await;
        let mut quotes = answer.as_ref().map(|quotes| quotes.iter().copied());
        for Waiting { instruments, answer } in line {
            let part = match &mut quotes {
                Ok(quotes) => Ok(quotes.by_ref().take(instruments.len()).collect()),
                Err(error) => Err(error.clone()),
            };
            drop(answer.send(part));
        }
    }

    /// Tells everybody in line that it comes to nothing.
    pub(super) fn refuse(self, error: &BrokerError) {
        for waiting in self.merged.take(self.account) {
            drop(waiting.answer.send(Err(error.clone())));
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.taken {
            drop(self.merged.take(self.account));
        }
    }
}

/// What those are told whose question went away with the one who was to ask it.
pub(super) fn unasked() -> BrokerError {
    BrokerError::says(FailureKind::Unreachable, "the prices were not asked for")
}

#[cfg(test)]
mod tests {
    use muster_protocol::money::{Paise, Quantity};
    use muster_protocol::order::Exchange;

    use super::*;

    fn instrument(token: &str) -> Instrument {
        Instrument {
            exchange: Exchange::Nse,
            symbol: token.to_owned(),
            broker_symbol: token.to_owned(),
            token: token.to_owned(),
            tick: Paise(5),
            lot: Quantity::try_from(1).unwrap(),
        }
    }

    fn quote(paise: i64) -> Quote {
        Quote { last: Paise(paise), lower: None, upper: None }
    }

    #[tokio::test]
    async fn who_waits_together_is_told_their_own_part_of_one_answer() {
        let merged = Merged::default();
        let (a, b, c) = (instrument("a"), instrument("b"), instrument("c"));
        let mut next = None;
        let (first, turn) = merged.put([1; 2], &[a.clone(), b.clone()]);
        let (second, none) = merged.put([1; 2], std::slice::from_ref(&c));
        let (_, other) = merged.put([2; 2], std::slice::from_ref(&c));
        assert!(none.is_none() && other.is_some());
        turn.unwrap()
            .ask(async |all: &[Instrument]| {
                assert_eq!(all, [a, b, c]);
                // Who comes while it is asked is the first of the next line, and stays in it.
                let (later, turn) = merged.put([1; 2], &[]);
                next = Some((later, turn.unwrap()));
                Ok(vec![Some(quote(1)), None, Some(quote(3))])
            })
            .await;
        assert_eq!(first.await.unwrap(), Ok(vec![Some(quote(1)), None]));
        assert_eq!(second.await.unwrap(), Ok(vec![Some(quote(3))]));
        let (later, turn) = next.unwrap();
        turn.refuse(&unasked());
        assert_eq!(later.await.unwrap(), Err(unasked()));
    }

    #[tokio::test]
    async fn nobody_waits_for_one_who_went_away() {
        let merged = Merged::default();
        let (first, turn) = merged.put([1; 2], &[]);
        let (second, _) = merged.put([1; 2], &[]);
        drop(turn);
        assert!(first.await.is_err() && second.await.is_err());
        let (told, turn) = merged.put([1; 2], &[]);
        turn.unwrap().refuse(&unasked());
        assert_eq!(told.await.unwrap(), Err(unasked()));
    }
}
