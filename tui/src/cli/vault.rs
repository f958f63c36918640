//! The words of `muster vault` and `muster audit`.

use clap::Subcommand;

/// What can be done with the vault. The first secret is always one that opens it now.
#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// The ways to open it.
    Slots,
    /// Opens it.
    Unseal,
    /// Wipes its keys; nothing runs until it is opened again.
    Seal,
    /// Makes one more way to open it. A key is made by musterd new-key, and typed here. A recovery key is
    /// made here: it is shown once, and typed back before it counts.
    Add { kind: Slot },
    /// Takes a way to open it away; never the last.
    Remove { slot: u8 },
    /// Puts another passphrase or key in the place of one.
    Change,
    /// Stretches a passphrase at today's cost.
    Upgrade,
    /// Makes a new master key; every way to open it but the one given is gone.
    Rotate,
    /// Makes a new key for a user and seals all of theirs again.
    Reencrypt { user: String },
    /// Writes the store into a new file, so that nothing deleted is left in it.
    Purge,
}

/// What can be asked of the audit.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Follows the chain from its beginning to its head.
    Verify {
        /// A hash that was kept elsewhere; it must be of an entry of the chain still.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// The entries, oldest first.
    List {
        /// The newest so many, at most 1000.
        #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only entries after this number.
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
}

/// What opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Slot {
    Passphrase,
    Key,
    Recovery,
}
