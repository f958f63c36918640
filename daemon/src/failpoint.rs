//! Places at which the crash tests kill the process, as one list. Knows nothing of what happens there.
//!
//! Only a debug build with the feature `failpoints`, which the tests' crate turns on, can be armed; in
//! any other a point is nothing at all.

/// The list: one line a point, its name in the tests and what has just happened there.
macro_rules! points {
    ($($(#[doc = $doc:literal])* $point:ident $name:literal,)*) => {
        /// A place to be killed at.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Point {
            $($(#[doc = $doc])* $point,)*
        }

        impl Point {
            /// Every point there is.
            pub const ALL: &[Self] = &[$(Self::$point,)*];

            /// Its name on a command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)*
                }
            }
        }
    };
}

points! {
    /// A run's freeze goes to the writer.
    BeforeFreeze "before-freeze",
    /// It is durable, and nothing knows it yet.
    FreezeDurable "freeze-durable",
    /// That a run fires goes to the writer.
    BeforeFired "before-fired",
    /// It is durable, and nothing follows from it yet.
    FiredDurable "fired-durable",
    /// That an order is about to leave goes to the writer.
    BeforeSending "before-sending",
    /// It is durable, and the order has not left.
    SendingDurable "sending-durable",
    /// The task that posts is past the last look.
    BeforePost "before-post",
    /// The broker has answered, and nobody was told.
    Replied "replied",
    /// The answer goes to the writer.
    BeforeOutcome "before-outcome",
    /// It is durable, and nobody saw it.
    OutcomeDurable "outcome-durable",
    /// A doubt goes to the writer.
    BeforeDoubt "before-doubt",
    /// It is durable, and nothing is looked up yet.
    DoubtDurable "doubt-durable",
    /// What the order book showed goes to the writer.
    BeforeEvidence "before-evidence",
    /// It is durable, and nothing follows from it yet.
    EvidenceDurable "evidence-durable",
    /// The end of a run goes to the writer.
    BeforeClose "before-close",
    /// It is durable, and nobody saw it.
    CloseDurable "close-durable",
    /// A run's tally goes to the writer.
    BeforeTally "before-tally",
    /// It is durable, and nobody saw it.
    TallyDurable "tally-durable",
    /// That an order is to be cancelled goes to the writer.
    BeforeCancelling "before-cancelling",
    /// It is durable, and no cancellation is asked for yet.
    CancellingDurable "cancelling-durable",
    /// The task that asks for a cancellation begins.
    BeforeCancel "before-cancel",
    /// The broker has answered it, and nobody was told.
    CancelReplied "cancel-replied",
    /// What a person asked for goes to the writer, with its audit entry.
    BeforeAudit "before-audit",
    /// The audit entry is written, not committed.
    AuditWritten "audit-written",
    /// What a person asked for is durable, and not answered.
    AuditDurable "audit-durable",
    /// That a run goes to the archive goes to the writer, with its records packed.
    BeforeArchive "before-archive",
    /// Its records are in the archive and gone from the log, not committed.
    ArchiveWritten "archive-written",
    /// It is archived, and nobody saw it.
    ArchiveDurable "archive-durable",
    /// That old journal entries are to be packed goes to the writer.
    BeforePack "before-pack",
    /// A block of them is written and the entries in it are gone, not committed.
    PackWritten "pack-written",
    /// They are packed, and nobody knows.
    PackDurable "pack-durable",
    /// All of a transaction is written, not committed.
    Written "written",
    /// It is committed, and not reported.
    Committed "committed",
    /// A purge has copied all that is alive into a new file.
    PurgeCopied "purge-copied",
    /// The new file is on the disk.
    PurgeSynced "purge-synced",
    /// It has the store's name.
    PurgeRenamed "purge-renamed",
    /// The name is on the disk.
    PurgeFolderSynced "purge-folder-synced",
    /// The old file is overwritten.
    PurgeOverwritten "purge-overwritten",
}

impl Point {
    /// What only a purge passes.
    pub const OF_PURGE: [Self; 5] = [
        Self::PurgeCopied,
        Self::PurgeSynced,
        Self::PurgeRenamed,
        Self::PurgeFolderSynced,
        Self::PurgeOverwritten,
    ];

    /// What everything passes that a person asks for.
    pub const OF_ASKING: [Self; 5] =
        [Self::BeforeAudit, Self::AuditWritten, Self::AuditDurable, Self::Written, Self::Committed];

    /// The point of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|point| point.name() == name)
    }
}

#[cfg(not(all(feature = "failpoints", debug_assertions)))]
mod build {
    use super::Point;

    /// Nothing happens here.
    #[inline]
    pub const fn hit(_: Point) {}

    /// This build cannot be armed.
    pub const fn arm(_: Point, _: u32) -> bool {
        false
    }

    /// Nor like this.
    pub fn arm_panic(_: Point, _: u32, words: String) -> bool {
        drop(words);
        false
    }
}

#[cfg(all(feature = "failpoints", debug_assertions))]
mod build {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    use super::Point;

    struct Armed {
        point: Point,
        left: AtomicU32,
        /// What it panics with, if it is not killed.
        words: Option<String>,
    }

    static ARMED: OnceLock<Armed> = OnceLock::new();

    /// Kills the process, or panics, if it was armed for this pass of this point.
    #[expect(clippy::panic, reason = "a test asked for it")]
    pub fn hit(point: Point) {
        let Some(armed) = ARMED.get() else { return };
        if armed.point != point || armed.left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return;
        }
        if let Some(words) = &armed.words {
            panic!("{words}");
        }
        // Nothing of this thread runs after it: no destructor, no flush, as if the power went.
        let _ = kill_process(getpid(), Signal::KILL);
    }

    /// Has the process killed when it passes the point for the `pass`th time. Once a process.
    pub fn arm(point: Point, pass: u32) -> bool {
        let left = AtomicU32::new(pass);
        pass > 0 && ARMED.set(Armed { point, left, words: None }).is_ok()
    }

    /// Has whoever passes the point for the `pass`th time panic with these words. Once a process.
    pub fn arm_panic(point: Point, pass: u32, words: String) -> bool {
        let left = AtomicU32::new(pass);
        pass > 0 && ARMED.set(Armed { point, left, words: Some(words) }).is_ok()
    }
}

pub use self::build::{arm, arm_panic, hit};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_point_s() {
        for point in Point::ALL {
            assert_eq!(Point::named(point.name()), Some(*point));
        }
        assert_eq!(Point::named("nowhere"), None);
    }
}
