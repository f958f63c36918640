//! The words of `muster vault` and `muster audit`.

use clap::Subcommand;

/// What can be done with the vault. The first secret is always one that opens it now.
#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// The ways to open it.
    #[command(after_help = "Examples:\n  muster vault slots")]
    Slots,
    /// Opens it.
    #[command(
        after_help = "Examples:\n  muster vault unseal\n  muster vault unseal < passphrase.txt"
    )]
    Unseal,
    /// Wipes its keys; nothing runs until it is opened again.
    #[command(after_help = "Examples:\n  muster vault seal")]
    Seal,
    /// Makes one more way to open it. A key is made by musterd new-key, and typed here.
    ///
    /// A recovery key is made here: it is shown once, and typed back before it counts.
    #[command(after_help = "Examples:\n  muster vault add recovery\n  muster vault add passphrase")]
    Add {
        /// What the new way is.
        kind: Slot,
    },
    /// Takes a way to open it away; never the last.
    #[command(after_help = "Examples:\n  muster vault remove 1")]
    Remove {
        /// Its number, as muster vault slots says it.
        slot: u8,
    },
    /// Puts another passphrase or key in the place of one.
    #[command(after_help = "Examples:\n  muster vault change")]
    Change,
    /// Stretches a passphrase at today's cost.
    #[command(after_help = "Examples:\n  muster vault upgrade")]
    Upgrade,
    /// Makes a new master key; every way to open it but the one given is gone.
    #[command(after_help = "Examples:\n  muster vault rotate")]
    Rotate,
    /// Makes a new key for a user and seals all of theirs again.
    #[command(after_help = "Examples:\n  muster vault reencrypt asha.k")]
    Reencrypt {
        /// Whose.
        user: String,
    },
    /// Writes the store into a new file, so that nothing deleted is left in it.
    #[command(after_help = "Examples:\n  muster vault purge")]
    Purge,
}

/// What can be asked of the audit.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Follows the chain from its beginning to its head.
    #[command(
        after_help = "Examples:\n  muster audit verify\n  muster audit verify --head 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    Verify {
        /// A hash that was kept elsewhere; it must be of an entry of the chain still.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// The entries, oldest first.
    #[command(after_help = "Examples:\n  muster audit list\n  muster audit list -n 20 --json")]
    List {
        /// The newest so many, at most 100000.
        #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        /// Only entries after this number.
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
}

/// What opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Slot {
    /// A passphrase a person remembers.
    Passphrase,
    /// A random key in a file, for a machine.
    Key,
    /// A random key on paper.
    Recovery,
}
