//! The words of `muster vault`.

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
