//! The places where a folder changes. Each asks here first, so that a test can let the power go between
//! any two of them.

/// In the product nothing objects.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "a test's own objects")]
pub(crate) const fn step() -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(crate) use self::power::step;

/// The power of one test's thread.
#[cfg(test)]
pub(crate) mod power {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static STEPS_LEFT: Cell<Option<u32>> = const { Cell::new(None) };
        static WENT: Cell<bool> = const { Cell::new(false) };
    }

    /// It goes after so many steps, and stays away.
    pub(crate) fn goes_after(steps: u32) {
        STEPS_LEFT.set(Some(steps));
    }

    /// It is back; whether it was away.
    pub(crate) fn is_back() -> bool {
        STEPS_LEFT.set(None);
        WENT.take()
    }

    pub(crate) fn step() -> io::Result<()> {
        match STEPS_LEFT.get() {
            None => Ok(()),
            Some(0) => {
                WENT.set(true);
                Err(io::Error::other("the power is gone"))
            }
            Some(left) => {
                STEPS_LEFT.set(Some(left - 1));
                Ok(())
            }
        }
    }
}
