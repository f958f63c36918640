//! An order's outcome, which must come: a leg without one would be on its way for ever.

use muster_protocol::failure::FailureKind;
use muster_protocol::ids::{IntentId, OrderId};
use tokio::sync::mpsc::UnboundedSender;

use super::handle::Back;
use crate::domain::intent::Cause;
use crate::domain::msg::Msg;

/// Says what became of an order once; that it is in doubt, if whoever was to say it panicked.
pub(super) struct Owed {
    intent: Option<IntentId>,
    back_to: UnboundedSender<Back>,
}

impl Owed {
    /// For this intent.
    pub(super) const fn new(intent: IntentId, back_to: UnboundedSender<Back>) -> Self {
        Self { intent: Some(intent), back_to }
    }

    /// Says it.
    pub(super) fn pay(mut self, outcome: Result<OrderId, Cause>) {
        self.say(outcome);
    }

    fn say(&mut self, outcome: Result<OrderId, Cause>) {
        if let Some(intent) = self.intent.take() {
            let outcome = Msg::Outcome { intent, outcome };
            // The engine may have ended; its next start doubts what has no outcome.
            drop(self.back_to.send(Back::Msg(Box::new(outcome))));
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        let says = Some("the daemon failed while the order was on its way".to_owned());
        self.say(Err(Cause { kind: FailureKind::InDoubt, says, ip_seen: None }));
    }
}

#[cfg(test)]
mod tests {
    use muster_protocol::ids::{AccountId, LegNo};
    use tokio::sync::mpsc;

    use super::*;

    fn owed() -> (Owed, mpsc::UnboundedReceiver<Back>) {
        let (back_to, back) = mpsc::unbounded_channel();
        let run = "btst@2026-11-23".to_owned().try_into().unwrap();
        (Owed::new(IntentId { run, account: AccountId(1), leg: LegNo(0) }, back_to), back)
    }

    fn said(back: &mut mpsc::UnboundedReceiver<Back>) -> Result<OrderId, Cause> {
        match back.try_recv() {
            Ok(Back::Msg(msg)) => match *msg {
                Msg::Outcome { outcome, .. } => outcome,
                other => panic!("{other:?}"),
            },
            _ => panic!("nothing was said"),
        }
    }

    #[tokio::test]
    async fn i4_an_order_whose_sender_panics_is_in_doubt() {
        let (owed, mut back) = owed();
        let task = tokio::spawn(async move {
            let _owed = owed;
            panic!("a defect");
        });
        assert!(task.await.is_err());
        assert_eq!(said(&mut back).unwrap_err().kind, FailureKind::InDoubt);
    }

    #[tokio::test]
    async fn what_became_of_it_is_said_once() {
        let (owed, mut back) = owed();
        owed.pay(Ok(OrderId("7".to_owned())));
        assert_eq!(said(&mut back).unwrap(), OrderId("7".to_owned()));
        assert!(back.try_recv().is_err());
    }
}
