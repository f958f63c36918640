//! Every kind of fault the sandbox knows, and what each leaves behind.

use muster_tests::sandbox::{Fault, FaultKind, Operation};

use crate::subject::Subject;

/// What a fault of an order call proves to the one who placed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// Nothing; the order is in the book.
    AnOrder,
    /// Nothing; there is no order.
    NoOrder,
    /// Something that is no doubt: a word of the broker's, or an answer as good as any.
    NoDoubt,
    /// That the session is dead.
    DeadSession,
}

/// Exhaustive, so that a new kind has to be put in its place.
pub(crate) const fn leaves(kind: FaultKind) -> Leaves {
    match kind {
        FaultKind::Drop
        | FaultKind::Reset
        | FaultKind::Hang
        | FaultKind::RefuseStatus
        | FaultKind::RefuseRateLimited
        | FaultKind::RefuseError
        | FaultKind::RefuseEmpty
        // Here without a code or a word: nobody knows what that means.
        | FaultKind::RefuseSaid
        | FaultKind::Redirect
        | FaultKind::Firewall => Leaves::NoOrder,
        FaultKind::Slow
        | FaultKind::Trickle
        | FaultKind::AcceptThenClose
        | FaultKind::AcceptThenReset
        | FaultKind::AcceptThenHang
        | FaultKind::AcceptThenStatus
        | FaultKind::AcceptThenError
        | FaultKind::AcceptThenRedirect
        | FaultKind::AcceptThenHtml
        | FaultKind::AcceptThenEmpty
        | FaultKind::AcceptThenNoId
        | FaultKind::AcceptThenTruncated
        | FaultKind::AcceptThenGarbage
        | FaultKind::AcceptThenHuge
        | FaultKind::AcceptThenCut
        | FaultKind::AcceptThenSaid
        | FaultKind::AcceptThenRateLimited
        | FaultKind::AcceptThenTimedOut => Leaves::AnOrder,
        FaultKind::Stall
        | FaultKind::Maintenance
        | FaultKind::WrongDate
        | FaultKind::Stale
        | FaultKind::Reject => Leaves::NoDoubt,
        FaultKind::TokenDeath => Leaves::DeadSession,
    }
}

/// Every kind, the death of the session last since nothing works after it.
pub(crate) const KINDS: [FaultKind; 32] = [
    FaultKind::Drop,
    FaultKind::Reset,
    FaultKind::Hang,
    FaultKind::RefuseStatus,
    FaultKind::RefuseRateLimited,
    FaultKind::RefuseError,
    FaultKind::RefuseEmpty,
    FaultKind::RefuseSaid,
    FaultKind::AcceptThenSaid,
    FaultKind::Redirect,
    FaultKind::Firewall,
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
    FaultKind::AcceptThenGarbage,
    FaultKind::AcceptThenHuge,
    FaultKind::AcceptThenCut,
    FaultKind::AcceptThenRateLimited,
    FaultKind::AcceptThenTimedOut,
    FaultKind::Maintenance,
    FaultKind::WrongDate,
    FaultKind::Reject,
    FaultKind::TokenDeath,
];

impl Subject {
    /// The next such call meets this fault.
    pub(crate) fn arm(&self, operation: Operation, kind: FaultKind) {
        self.sandbox.arm(Fault::once(self.side(), operation, kind));
    }

    /// The same, answered with this status.
    pub(crate) fn arm_status(&self, operation: Operation, kind: FaultKind, status: u16) {
        let status = Some(status);
        self.sandbox.arm(Fault { status, ..Fault::once(self.side(), operation, kind) });
    }
}
