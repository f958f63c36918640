//! What goes wrong at the brokers while the daemon is killed: the sandbox's catalogue, drawn by lot.

use crate::sandbox::random::Random;
use crate::sandbox::{Broker, Fault, FaultKind, Operation};

/// Everything that can become of an order call. A session that dies is left out: the accounts would
/// be unfit for every later run.
const OF_PLACE: [FaultKind; 28] = [
    FaultKind::Drop,
    FaultKind::Reset,
    FaultKind::Hang,
    FaultKind::RefuseStatus,
    FaultKind::RefuseRateLimited,
    FaultKind::RefuseError,
    FaultKind::RefuseEmpty,
    FaultKind::Redirect,
    FaultKind::Firewall,
    FaultKind::Maintenance,
    FaultKind::Slow,
    FaultKind::Trickle,
    FaultKind::WrongDate,
    FaultKind::Reject,
    FaultKind::AcceptThenClose,
    FaultKind::AcceptThenReset,
    FaultKind::AcceptThenHang,
    FaultKind::AcceptThenStatus,
    FaultKind::AcceptThenError,
    FaultKind::AcceptThenRedirect,
    FaultKind::AcceptThenHtml,
    FaultKind::AcceptThenEmpty,
    FaultKind::AcceptThenNoId,
    FaultKind::AcceptThenTruncated,
    FaultKind::AcceptThenCut,
    FaultKind::AcceptThenSaid,
    FaultKind::AcceptThenRateLimited,
    FaultKind::AcceptThenTimedOut,
];

/// What can become of a look into the order book.
const OF_BOOK: [FaultKind; 8] = [
    FaultKind::Stale,
    FaultKind::Drop,
    FaultKind::RefuseStatus,
    FaultKind::RefuseRateLimited,
    FaultKind::Slow,
    FaultKind::AcceptThenTruncated,
    FaultKind::AcceptThenHtml,
    FaultKind::AcceptThenCut,
];

/// Everything that can become of a call for a cancellation, where it is asked for again.
const OF_CANCEL: [FaultKind; 26] = [
    FaultKind::Drop,
    FaultKind::Reset,
    FaultKind::Hang,
    FaultKind::RefuseStatus,
    FaultKind::RefuseRateLimited,
    FaultKind::RefuseError,
    FaultKind::RefuseEmpty,
    FaultKind::RefuseSaid,
    FaultKind::Redirect,
    FaultKind::Firewall,
    FaultKind::Maintenance,
    FaultKind::Slow,
    FaultKind::Trickle,
    FaultKind::AcceptThenClose,
    FaultKind::AcceptThenReset,
    FaultKind::AcceptThenHang,
    FaultKind::AcceptThenStatus,
    FaultKind::AcceptThenError,
    FaultKind::AcceptThenRedirect,
    FaultKind::AcceptThenHtml,
    FaultKind::AcceptThenEmpty,
    FaultKind::AcceptThenNoId,
    FaultKind::AcceptThenTruncated,
    FaultKind::AcceptThenCut,
    FaultKind::AcceptThenRateLimited,
    FaultKind::AcceptThenTimedOut,
];

/// So much later than anybody waits.
const A_DAY_S: f64 = 86_400.0;

/// The faults of one run: each order call is slow, so that kills meet some on their way, and a few
/// calls go wrong.
pub(super) fn draw(random: &mut Random, most: u64) -> Vec<Fault> {
    let mut faults = Vec::new();
    for _ in 0..random.next() % (most + 1) {
        let broker = pick(random, &[Broker::AngelOne, Broker::Kite]);
        let mut fault = Fault::once(broker, Operation::Place, pick(random, &OF_PLACE));
        fault.seconds = Some(tenths(random, 8));
        // Some of what is taken in reaches the book only after the answer.
        if random.chance(0.3) {
            fault.late_seconds = Some(tenths(random, 50));
        }
        faults.push(fault);
        if random.chance(0.3) {
            faults.push(of_book(random, broker));
        }
    }
    faults.extend(all_slow(random, Operation::Place));
    faults
}

/// What goes wrong with the cancellations of one run, and with the books that are read meanwhile.
pub(super) fn draw_of_cancels(random: &mut Random, most: u64) -> Vec<Fault> {
    let mut faults = Vec::new();
    for _ in 0..random.next() % (most + 1) {
        let broker = pick(random, &[Broker::AngelOne, Broker::Kite]);
        let mut fault = Fault::once(broker, Operation::Cancel, pick(random, &OF_CANCEL));
        fault.seconds = Some(tenths(random, 8));
        if fault.kind == FaultKind::RefuseSaid {
            let busy = "Order cannot be cancelled as it is being processed. Try later.";
            fault = said(fault, "InputException", "AB1008", busy);
        } else if random.chance(0.3) {
            // Some of what is taken is done only after the answer, if a fill is not first, and some not at all.
            let never = random.chance(0.3).then_some(A_DAY_S);
            fault.late_seconds = Some(never.unwrap_or_else(|| tenths(random, 80)));
        }
        faults.push(fault);
        if random.chance(0.4) {
            faults.push(of_book(random, broker));
        }
    }
    faults.extend(all_slow(random, Operation::Cancel));
    faults
}

/// A look into the order book that goes wrong.
fn of_book(random: &mut Random, broker: Broker) -> Fault {
    let fault = Fault::once(broker, Operation::Book, pick(random, &OF_BOOK));
    Fault { seconds: Some(tenths(random, 20)), ..fault }
}

/// Every such call takes its time, at both brokers.
fn all_slow(random: &mut Random, operation: Operation) -> [Fault; 2] {
    [Broker::AngelOne, Broker::Kite].map(|broker| {
        let slow = Fault::once(broker, operation, FaultKind::Slow);
        Fault { times: Some(u32::MAX), seconds: Some(tenths(random, 2)), ..slow }
    })
}

/// Every cancellation of this account is refused for good: its address may not.
pub(super) fn refused_for_good(broker: Broker, account: &str) -> Fault {
    let mut fault = Fault::once(broker, Operation::Cancel, FaultKind::RefuseSaid);
    (fault.account, fault.times) = (Some(account.to_owned()), Some(u32::MAX));
    let words = "IP (127.0.0.1) is not allowed to place orders for this app.";
    said(fault, "PermissionException", "AG7002", words)
}

/// In the broker's own form.
fn said(fault: Fault, kite: &str, angel: &str, words: &str) -> Fault {
    let code = if fault.broker == Broker::Kite { kite } else { angel };
    Fault { code: Some(code.to_owned()), message: Some(words.to_owned()), ..fault }
}

/// One order call of each broker whose answer is lost.
pub(super) fn lost_answers() -> Vec<Fault> {
    [Broker::AngelOne, Broker::Kite]
        .map(|broker| Fault::once(broker, Operation::Place, FaultKind::AcceptThenClose))
        .to_vec()
}

pub(super) fn pick<T: Copy>(random: &mut Random, from: &[T]) -> T {
    let at = usize::try_from(random.next() % from.len() as u64).unwrap_or(0);
    from[at]
}

/// Up to so many tenths of a second.
fn tenths(random: &mut Random, most: u32) -> f64 {
    f64::from(u32::try_from(random.next() % u64::from(most)).unwrap_or(0) + 1) / 10.0
}
