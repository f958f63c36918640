//! `muster vault`, `muster release`.

use muster_protocol::request::{
    AddSlot, ChangeSecret, ListSlots, Reencrypt, Release, RemoveSlot, Rotate, Seal, Unseal,
    UpgradeKdf,
};
use muster_protocol::secret::Secret;
use muster_protocol::vault::{SlotKind, SlotView};

use super::{CommandError, Daemon, print, print::Printer, prompt};
use crate::cli::{Slot, VaultCommand};

/// Seals, unseals, and looks after the ways to open the vault.
pub(super) async fn vault(
    daemon: &Daemon,
    command: VaultCommand,
    printer: Printer,
) -> Result<(), CommandError> {
    let client = &daemon.client;
    let done = match command {
        VaultCommand::Slots => return slots(daemon, printer).await,
        VaultCommand::Unseal => {
            let [secret] = secrets([OPENS])?;
            client.call(Unseal { secret }).await?;
            "the vault is open".to_owned()
        }
        VaultCommand::Seal => {
            client.call(Seal {}).await?;
            "the vault is sealed; nothing runs until it is opened again".to_owned()
        }
        VaultCommand::Add { kind } => add(daemon, kind).await?,
        VaultCommand::Remove { slot } => {
            let [secret] = secrets([OPENS])?;
            client.call(RemoveSlot { secret, slot }).await?;
            format!("slot {slot} is gone")
        }
        VaultCommand::Change => {
            let [secret, new] = twice("The one that goes")?;
            client.call(ChangeSecret { secret, new }).await?;
            "changed".to_owned()
        }
        VaultCommand::Upgrade => {
            let [secret] = secrets(["The passphrase"])?;
            client.call(UpgradeKdf { secret }).await?;
            "stretched at today's cost".to_owned()
        }
        VaultCommand::Rotate => {
            let [secret] = secrets([OPENS])?;
            client.call(Rotate { secret }).await?;
            "the master key is new; add the other slots again, and throw old backups away"
                .to_owned()
        }
        VaultCommand::Reencrypt { user } => {
            let user = user.parse().map_err(|error| CommandError::Usage(format!("{error}")))?;
            client.call(Reencrypt { user }).await?;
            "sealed again under a new key".to_owned()
        }
    };
    if printer.is_json() { print::json("done", &done) } else { print::line(done) }
}

/// Held runs may happen again.
pub(super) async fn release(daemon: &Daemon, printer: Printer) -> Result<(), CommandError> {
    daemon.client.call(Release {}).await?;
    let words = "runs happen again";
    if printer.is_json() { print::json("done", &words) } else { print::line(words) }
}

async fn add(daemon: &Daemon, kind: Slot) -> Result<String, CommandError> {
    let kind = match kind {
        Slot::Passphrase => SlotKind::Passphrase,
        Slot::Key => SlotKind::KeyFile,
        Slot::Recovery => SlotKind::Recovery,
    };
    let [secret, new] = twice(OPENS)?;
    daemon.client.call(AddSlot { secret, kind, new }).await?;
    Ok(format!("one more way to open the vault: {}", kind.words()))
}

const OPENS: &str = "A passphrase or key that opens the vault";

/// Each asked for, or a line each from a script.
fn secrets<const N: usize>(questions: [&str; N]) -> Result<[Secret; N], CommandError> {
    let mut typed = Vec::new();
    if prompt::is_person() {
        for question in questions {
            typed.push(prompt::secret(question)?);
        }
    } else {
        typed.extend(prompt::read_all()?.lines().map(|line| Secret::new(line.to_owned())));
    }
    typed
        .try_into()
        .map_err(|_| CommandError::Usage(format!("standard input needs {N} lines, one a secret")))
}

/// One that opens the vault and a new one; a person types the new one twice.
fn twice(first: &str) -> Result<[Secret; 2], CommandError> {
    let both = secrets([first, "The new one"])?;
    if prompt::is_person() {
        let [_, new] = &both;
        if prompt::secret("The new one once more")?.expose() != new.expose() {
            let why = "the two are not the same; nothing was done";
            return Err(CommandError::Usage(why.to_owned()));
        }
    }
    Ok(both)
}

async fn slots(daemon: &Daemon, printer: Printer) -> Result<(), CommandError> {
    let slots = daemon.client.call(ListSlots {}).await?;
    if printer.is_json() {
        return print::json("slots", &slots);
    }
    let rows: Vec<Vec<String>> = slots.iter().map(row).collect();
    print::table(&["SLOT", "KIND", "A TRY COSTS"], &rows)
}

fn row(slot: &SlotView) -> Vec<String> {
    let cost = slot.cost.map_or_else(
        || "nothing: the key is random".to_owned(),
        |cost| format!("{} MiB, {} passes", cost.memory_kib / 1024, cost.passes),
    );
    vec![slot.slot.to_string(), slot.kind.words().to_owned(), cost]
}
