//! `musterd slot` and `musterd purge`: what a person does to the keys while no daemon runs.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use muster_protocol::secret::Secret;
use muster_protocol::vault::{KeyTask, SlotKind, SlotView};

use super::{complain, examples, new_from, passphrase, recovery, show};
use crate::clock::{Clock, SystemClock};
use crate::custody::keys::KeySecrets;
use crate::passphrase::Passphrase;
use crate::upkeep::{self, Hand};

/// What can be done to the slots. The first secret is always one that opens the vault now.
#[derive(Debug, Subcommand)]
pub(super) enum SlotCommand {
    /// The ways to open the vault.
    #[command(after_help = examples::SLOT_LIST)]
    List,
    /// Make one more. A recovery key is made here, shown once, and typed back.
    #[command(after_help = examples::SLOT_ADD)]
    Add {
        /// What opens it.
        kind: Kind,
        /// Read the new passphrase or key from this descriptor.
        #[arg(long, value_name = "N")]
        new_fd: Option<u32>,
    },
    /// Take one away; never the last.
    #[command(after_help = examples::SLOT_REMOVE)]
    Remove {
        /// Its number.
        slot: u8,
    },
    /// Put another passphrase or key in the place of one.
    #[command(after_help = examples::SLOT_CHANGE)]
    Change {
        /// Read the new one from this descriptor.
        #[arg(long, value_name = "N")]
        new_fd: Option<u32>,
    },
    /// Stretch a passphrase at today's cost.
    #[command(after_help = examples::SLOT_UPGRADE)]
    Upgrade,
    /// Make a new master key; every way to open the vault but the one given is gone.
    #[command(after_help = examples::SLOT_ROTATE)]
    Rotate,
}

/// What opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    Passphrase,
    Key,
    Recovery,
}

const OPENS: &str = "A passphrase or key that opens the vault: ";

pub(super) fn slot(store: &Path, fd: Option<u32>, command: &SlotCommand) -> anyhow::Result<()> {
    if let SlotCommand::List = command {
        upkeep::slots(store)?.iter().map(row).for_each(|line| show(&line));
        return Ok(());
    }
    let secret = || passphrase(fd, OPENS).and_then(|read| secret_of(&read));
    let (task, secret, new) = match command {
        SlotCommand::List => return Ok(()),
        SlotCommand::Add { kind: Kind::Recovery, new_fd } => {
            anyhow::ensure!(
                new_fd.is_none(),
                "a recovery key is made here and typed back by a person at the terminal"
            );
            let new = recovery::shown_and_typed_back()?;
            (KeyTask::AddSlot(SlotKind::Recovery), secret()?, Some(new))
        }
        SlotCommand::Add { kind, new_fd } => {
            let kind = match kind {
                Kind::Passphrase => SlotKind::Passphrase,
                Kind::Key | Kind::Recovery => SlotKind::KeyFile,
            };
            let secret = secret()?;
            (KeyTask::AddSlot(kind), secret, Some(secret_of(&new_from(*new_fd)?)?))
        }
        SlotCommand::Remove { slot } => (KeyTask::RemoveSlot(*slot), secret()?, None),
        SlotCommand::Change { new_fd } => {
            let secret = secret()?;
            (KeyTask::ChangeSecret, secret, Some(secret_of(&new_from(*new_fd)?)?))
        }
        SlotCommand::Upgrade => (KeyTask::UpgradeKdf, secret()?, None),
        SlotCommand::Rotate => (KeyTask::Rotate, secret()?, None),
    };
    upkeep::change_keys(store, &task, &KeySecrets { secret, new }, &hand())?;
    complain(&task.words());
    Ok(())
}

pub(super) fn purge(store: &Path) -> anyhow::Result<()> {
    let made = upkeep::purge(store, &hand())?;
    let old = if made.overwritten {
        "the old file was overwritten"
    } else {
        "the old file has another name still and was left there: look for hard links"
    };
    complain(&format!("{} bytes, now {}; {old}", made.before, made.after));
    Ok(())
}

fn hand() -> Hand {
    let by = format!("uid {}", rustix::process::getuid().as_raw());
    Hand { by, at: SystemClock::new(PathBuf::new()).now() }
}

fn secret_of(read: &Passphrase) -> anyhow::Result<Secret> {
    let text = std::str::from_utf8(read.expose()).context("the passphrase is no text")?;
    Ok(Secret::new(text.to_owned()))
}

fn row(slot: &SlotView) -> String {
    let cost = slot.cost.map_or_else(
        || "a try costs nothing: the key is random".to_owned(),
        |cost| format!("a try costs {} MiB, {} passes", cost.memory_kib / 1024, cost.passes),
    );
    format!("{}  {}  {cost}", slot.slot, slot.kind.words())
}
