//! What opens the vault, and what is done to its keys.

use serde::{Deserialize, Serialize};

/// What opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// What a person remembers.
    Passphrase,
    /// A random key in a file, as a systemd credential: for restarts with nobody there.
    KeyFile,
    /// A random key on paper.
    Recovery,
}

impl SlotKind {
    /// The words in a list.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key file",
            Self::Recovery => "recovery key",
        }
    }
}

/// One way to open the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotView {
    /// Its number.
    pub slot: u8,
    /// What opens it.
    pub kind: SlotKind,
    /// What a passphrase costs to try; nothing is stretched for a random key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<KdfCost>,
}

/// What is left after an account was removed, and where; `last` if it was its user's last one.
pub const fn remains(last: bool) -> &'static str {
    if last {
        "The user's key is destroyed. What was deleted may lie in the store's file until `muster vault purge`; backups made before still open, so throw them away; the broker's own key works until it is revoked there."
    } else {
        "The user's key stays, for other accounts need it. What was deleted may lie in the store's file, sealed under that key, until `muster vault purge`; backups made before still open, so throw them away; the broker's own key works until it is revoked there."
    }
}

/// The cost of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KdfCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// What is to be done with a secret that opens the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyTask {
    /// Open it.
    Unseal,
    /// Make one more slot.
    AddSlot(SlotKind),
    /// Take a slot away.
    RemoveSlot(u8),
    /// Put another secret of the same kind in the place of this one.
    ChangeSecret,
    /// Stretch this passphrase at today's cost.
    UpgradeKdf,
    /// Make a new master key; only this secret opens it.
    Rotate,
}

impl KeyTask {
    /// What was done, for journal and audit.
    pub fn words(&self) -> String {
        match self {
            Self::Unseal => "vault unsealed".to_owned(),
            Self::AddSlot(kind) => format!("slot added: {}", kind.words()),
            Self::RemoveSlot(slot) => format!("slot {slot} removed"),
            Self::ChangeSecret => "a slot's secret changed".to_owned(),
            Self::UpgradeKdf => "a passphrase's derivation upgraded".to_owned(),
            Self::Rotate => "master key rotated; every other slot is gone".to_owned(),
        }
    }
}
