//! The stack after work with keys: hashes and ciphers move their states about, and what they leave behind
//! is as good as the key, so it is written over.

use std::cell::Cell;
use std::hint::black_box;

/// Works with keys, and then writes over the stack that the work has used. Within another such work that is
/// the outer one's to do.
pub(super) fn leaving_no_trace<T>(work: impl FnOnce() -> T) -> T {
    KEYS_USED.set(true);
    wiping_once(work)
}

/// Works, with keys perhaps, and again and again; then writes over the stack once, if keys were used.
pub fn wiping_once<T>(work: impl FnOnce() -> T) -> T {
    let within = Within::enter();
    let done = apart(work);
    if within.wipes && KEYS_USED.get() {
        wipe_stack();
        KEYS_USED.set(!within.outermost);
    }
    done
}

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static KEYS_USED: Cell<bool> = const { Cell::new(false) };
    /// Where the stack of the outermost work begins.
    static TOP: Cell<usize> = const { Cell::new(0) };
}

/// One work within others; over when it is dropped, by a panic too.
struct Within {
    outermost: bool,
    /// The outermost does, and whatever is too far below it for its wiping to reach.
    wipes: bool,
}

impl Within {
    fn enter() -> Self {
        let depth = DEPTH.get();
        DEPTH.set(depth.saturating_add(1));
        let here = (&raw const depth).addr();
        let outermost = depth == 0;
        if outermost {
            TOP.set(here);
        }
        let far = TOP.get().saturating_sub(here) > STACK.saturating_sub(WORK);
        Self { outermost, wipes: outermost || far }
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// A frame of its own, at the depth where `wipe_stack` has its own next.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "the stack is what it is about")]
fn wipe_stack() {
    // Filling goes by a quick `memset`; the box keeps it from being left out.
    let mut used = [0_u8; STACK];
    black_box(&mut used);
}

/// More than the deepest work with keys uses by itself, also without optimisation.
const WORK: usize = 32 * 1024;
/// That, and what lies between a turn of the engine and its work with keys: 17 KiB without optimisation.
const STACK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the outermost work of this thread wiped when it was over.
    fn wiped(work: impl FnOnce()) -> bool {
        wiping_once(|| {
            work();
            KEYS_USED.get()
        })
    }

    #[test]
    fn the_outermost_wipes_and_only_if_keys_were_used() {
        assert!(!wiped(|| ()));
        assert!(wiped(|| leaving_no_trace(|| ())));
        assert!(wiped(|| wiping_once(|| leaving_no_trace(|| leaving_no_trace(|| ())))));
        assert_eq!((DEPTH.get(), KEYS_USED.get()), (0, false));
        leaving_no_trace(|| assert!(KEYS_USED.get()));
        assert!(!KEYS_USED.get(), "alone it is the outermost");
    }

    #[inline(never)]
    #[expect(clippy::large_stack_arrays, reason = "the stack is what it is about")]
    fn far_below() -> bool {
        let frame = black_box([0_u8; STACK - WORK]);
        let wipes = Within::enter().wipes;
        black_box(&frame);
        wipes
    }

    #[test]
    fn what_is_too_deep_for_the_outermost_wipes_by_itself() {
        assert!(!wiping_once(|| Within::enter().wipes));
        assert!(wiping_once(far_below));
        assert!(wiped(|| leaving_no_trace(|| ())), "and the outermost wipes all the same");
    }

    #[test]
    fn a_panic_leaves_nothing_undone_for_the_next() {
        let panicked = std::panic::catch_unwind(|| leaving_no_trace(|| panic!("in the middle")));
        assert!(panicked.is_err());
        assert_eq!(DEPTH.get(), 0);
        assert!(wiped(|| ()), "what the panic left is wiped by the next");
        assert!(!KEYS_USED.get());
    }
}
