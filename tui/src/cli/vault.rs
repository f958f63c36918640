//! The words of `muster vault`.

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
    /// Makes one more way to open it. A key is made by musterd new-key, and typed here.
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
}

/// What opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Slot {
    Passphrase,
    Key,
    Recovery,
}
