//! Why the store refuses.

use std::io;
use std::path::PathBuf;

/// Why the store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("another daemon runs on this store")]
    InUse,
    /// The file or its directory cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Locks and syncs cannot be trusted there.
    #[error("{} is on a network file system; the store needs a local disk", path.display())]
    NetworkFileSystem {
        /// The directory.
        path: PathBuf,
    },
    /// A newer build wrote it.
    #[error(
        "the store has format {found}, this build knows up to {known}: install the newer build"
    )]
    NewerFormat {
        /// The format in the file.
        found: u64,
        /// The newest format known here.
        known: u64,
    },
    /// It is a database, but not one of ours.
    #[error("the file is a database of another program")]
    NotOurs,
    /// An entry was written by a newer build, or is damaged.
    #[error("an entry of the {table} has version {found:?}, which this build does not know")]
    UnknownVersion {
        /// In which table.
        table: &'static str,
        /// The version; `None` if the entry is empty.
        found: Option<u8>,
    },
    /// An entry is of a known version, but cannot be read.
    #[error("an entry of the {table} cannot be read")]
    Unreadable {
        /// In which table.
        table: &'static str,
        /// Why, where the reader tells.
        source: Option<serde_json::Error>,
    },
    /// There is a header already, and replacing it would lose every credential.
    #[error("the store has a vault header already")]
    HeaderExists,
    /// A file is where a new one was to be.
    #[error("{} is there already; nothing was written", path.display())]
    Taken {
        /// Where.
        path: PathBuf,
    },
    /// A record is longer than a block of the archive.
    #[error("a record is longer than the archive takes")]
    RecordTooLong,
    /// A run is to be archived that was.
    #[error("the archive has {run} already")]
    Archived {
        /// Which.
        run: String,
    },
    /// A run is not in the archive.
    #[error("the archive has nothing of {run}")]
    NotArchived {
        /// Which.
        run: String,
    },
    /// The journal has a gap.
    #[error("the journal has a gap after entry {after}")]
    JournalGap {
        /// The last entry before it.
        after: u64,
    },
    /// The audit chain was edited, cut or reordered.
    #[error("the audit chain does not hold at entry {at}")]
    AuditBroken {
        /// The first entry that does not follow from the one before, or the last there is.
        at: u64,
    },
    /// A copy would lose something.
    #[error("the store has a table {table} this build does not know: use the build that made it")]
    StrangeTable {
        /// The table.
        table: String,
    },
    /// The store lies in no file.
    #[error("the store lies in no file")]
    NoFile,
    /// The new file has the store's name, but it is not known to be durable there.
    #[error("the store was put in a new file, but not for certain: {0}")]
    HalfPurged(#[source] Box<Self>),
    /// The database reports an error.
    #[error("the database: {0}")]
    Database(#[source] redb::Error),
    /// The database's code gave up on the file.
    #[error("the database's code panicked: the file is damaged")]
    Panicked,
}

macro_rules! from_database {
    ($($kind:ident)*) => {
        $(impl From<redb::$kind> for StoreError {
            fn from(error: redb::$kind) -> Self {
                Self::Database(error.into())
            }
        })*
    };
}

from_database! { CommitError StorageError TableError TransactionError SetDurabilityError }

impl From<redb::DatabaseError> for StoreError {
    fn from(error: redb::DatabaseError) -> Self {
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen
            | redb::DatabaseError::LockProtocolMismatch => Self::InUse,
            other => Self::Database(other.into()),
        }
    }
}
