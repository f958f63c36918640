//! The command line of musterd.

mod at_hand;
mod examples;
mod last_words;
mod recovery;
mod slots;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use interprocess::local_socket::tokio::Listener;
use interprocess::os::unix::uds_local_socket::tokio::Listener as UnixListener;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

pub use self::at_hand::CREDENTIALS;
use self::examples::Shell;
pub use self::last_words::quiet_panics;
use self::slots::SlotCommand;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::daemon::{Edges, Opening, init, run};
use crate::passphrase::{Passphrase, Source};
use crate::upkeep;
use crate::vault::{KdfParams, new_key_text};

/// Keeps many people's broker credentials sealed, tests their connections, and places every enabled
/// account's orders at the set time on each trading day, once.
#[derive(Debug, Parser)]
#[command(
    name = "musterd",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = examples::ALL
)]
pub struct Cli {
    /// The configuration file.
    #[arg(long, global = true, default_value = "/etc/musterd/musterd.toml")]
    config: PathBuf,
    /// Read the passphrase from this file descriptor, for example 3 with `3<file`.
    #[arg(long, global = true, value_name = "N")]
    passphrase_fd: Option<u32>,
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the store and its vault; asks for the passphrase twice.
    #[command(after_help = examples::INIT)]
    Init,
    /// Run the daemon in the foreground; stops in order on SIGTERM. Starts sealed when no passphrase
    /// is at hand.
    #[command(after_help = examples::RUN)]
    Run {
        /// Start sealed, whatever is at hand.
        #[arg(long)]
        sealed: bool,
    },
    /// Write a new random key to standard output, for a systemd credential or a recovery key.
    #[command(after_help = examples::NEW_KEY)]
    NewKey,
    /// Check a store or backup: every record opens, every chain holds. No daemon may run on it.
    #[command(after_help = examples::VERIFY)]
    Verify {
        /// The file; the configured store if none is named.
        file: Option<PathBuf>,
    },
    /// Put a backup in the store's place. The next start holds its runs until somebody releases them.
    #[command(after_help = examples::RESTORE)]
    Restore {
        /// The backup.
        file: PathBuf,
    },
    /// Write a store's records to a file as JSON, still sealed, for a reader of docs/vault-format.md. Needs
    /// no secret. No daemon may run on the store.
    #[command(after_help = examples::EXPORT)]
    ExportSealed {
        /// The store or backup; the configured store if none is named.
        #[arg(long)]
        store: Option<PathBuf>,
        /// The file, which must not be there yet.
        #[arg(long)]
        out: PathBuf,
    },
    /// The audit of a store on which no daemon runs; `muster audit` asks one that does.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The ways to open the vault, while no daemon runs; `muster vault` asks one that does.
    #[command(subcommand)]
    Slot(SlotCommand),
    /// Write the store into a new file, so that nothing deleted is left in it. No daemon may run on it.
    #[command(after_help = examples::PURGE)]
    Purge,
    /// Read the configuration and say whether it can be used.
    #[command(after_help = examples::CHECK)]
    CheckConfig,
    /// Write the manual pages into a folder.
    #[command(after_help = examples::MAN)]
    Man {
        /// The folder; it must be there.
        folder: PathBuf,
    },
    /// Write a shell's completions to standard output.
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Follow the chain from its beginning to its head.
    #[command(after_help = examples::AUDIT_VERIFY)]
    Verify {
        /// A hash that was kept elsewhere; it must be of an entry of the chain still.
        #[arg(long)]
        head: Option<String>,
    },
    /// Write every entry as a line of JSON.
    #[command(after_help = examples::AUDIT_LIST)]
    List,
}

/// Runs the command line; errors go to standard error, each saying what to do.
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// The same with these arguments, the program's name first.
pub fn main_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match execute(&Cli::parse_from(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("musterd: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: &Cli) -> anyhow::Result<()> {
    harden()?;
    quiet_panics();
    if let Command::NewKey = cli.command {
        show(&new_key_text()?);
        return Ok(());
    }
    if let Command::Man { folder } = &cli.command {
        clap_mangen::generate_to(Cli::command(), folder).context("the pages cannot be written")?;
        return Ok(());
    }
    if let Command::Completions { shell } = cli.command {
        show(examples::completions(shell, &mut Cli::command()).trim_end());
        return Ok(());
    }
    if let Command::ExportSealed { store: Some(store), out } = &cli.command {
        return export(store, out);
    }
    let config = Config::read(&cli.config)?;
    match &cli.command {
        Command::NewKey | Command::Man { .. } | Command::Completions { .. } => Ok(()),
        Command::ExportSealed { out, .. } => export(&config.store, out),
        Command::CheckConfig => {
            complain(&format!("{} can be used", cli.config.display()));
            Ok(())
        }
        Command::Verify { file } => {
            let passphrase = passphrase(cli.passphrase_fd, "Passphrase: ")?;
            let found = upkeep::verify(file.as_ref().unwrap_or(&config.store), &passphrase)?;
            let kind = if found.backup { "backup, authentic" } else { "store" };
            complain(&format!(
                "{kind}: {} records replayed, {} archived runs read, {} secrets opened, {} journal entries, audit of {} holds, head {}",
                found.records,
                found.archived,
                found.sealed,
                found.journal,
                found.audit.entries,
                found.audit.hash
            ));
            Ok(())
        }
        Command::Restore { file } => {
            let passphrase = passphrase(cli.passphrase_fd, "Passphrase: ")?;
            upkeep::restore(&config.store, file, &passphrase)?;
            complain("restored; the next start holds every run until `muster release`");
            Ok(())
        }
        Command::Audit(command) => audit(&config.store, command),
        Command::Slot(command) => slots::slot(&config.store, cli.passphrase_fd, command),
        Command::Purge => slots::purge(&config.store),
        Command::Init => {
            let passphrase = new_passphrase(cli.passphrase_fd)?;
            init(&config, &passphrase, KdfParams::default())?;
            complain(&format!(
                "made {}; the passphrase opens it, nothing else does",
                config.store.display()
            ));
            Ok(())
        }
        Command::Run { sealed } => {
            log_to_stderr();
            let opening = if *sealed { Opening::Sealed } else { at_hand(cli.passphrase_fd)? };
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(serve(config, opening))
        }
    }
}

fn export(store: &Path, out: &Path) -> anyhow::Result<()> {
    let records = upkeep::export_sealed(store, out)?;
    complain(&format!("{records} records written to {}, still sealed", out.display()));
    Ok(())
}

fn audit(store: &Path, command: &AuditCommand) -> anyhow::Result<()> {
    match command {
        AuditCommand::List => {
            let (rows, head) = upkeep::audit(store)?;
            for row in &rows {
                show(&serde_json::to_string(row)?);
            }
            complain(&format!("the chain holds; {head}"));
        }
        AuditCommand::Verify { head } => {
            let held = upkeep::verify_audit(store, head.as_deref())?;
            let lost = "the chain holds, but no entry has this hash: entries were cut off or made anew after it was kept, or it was mistyped";
            anyhow::ensure!(head.is_none() || held.kept.is_some(), lost);
            complain(&format!("the chain holds; {}", held.head));
            if let Some(number) = held.kept {
                complain(&format!("the hash that was kept is entry {number}'s"));
            }
        }
    }
    Ok(())
}

/// No core dump and no reading of our memory by other processes of the same user; files are made
/// for us alone. Two locks on the core: the limit holds even where the kernel pipes cores elsewhere.
fn harden() -> anyhow::Result<()> {
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .context("the process cannot be protected from being dumped")?;
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // The unit has set it, and does not let us.
    if getrlimit(Resource::Core) != none {
        setrlimit(Resource::Core, none).context("core dumps cannot be forbidden")?;
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    Ok(())
}

async fn serve(config: Config, opening: Opening) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    let clock = SystemClock::new(config.clock.synchronized_file.clone());
    let edges = Edges { clock: Arc::new(clock), socket: activated()? };
    run(config, opening, edges, stop).await?;
    Ok(())
}

/// The socket systemd made, if it made one.
fn activated() -> anyhow::Result<Option<Listener>> {
    let Some(listener) = listenfd::ListenFd::from_env().take_unix_listener(0)? else {
        return Ok(None);
    };
    listener.set_nonblocking(true)?;
    let listener = UnixListener::try_from(OwnedFd::from(listener))?;
    Ok(Some(listener.into()))
}

fn passphrase(fd: Option<u32>, prompt: &str) -> anyhow::Result<Passphrase> {
    let source = match (fd, credentials_directory()) {
        (Some(fd), _) => Source::Descriptor(fd),
        (None, Some(directory)) => {
            Source::Credential { directory, name: "musterd.passphrase".to_owned() }
        }
        (None, None) => Source::Terminal { prompt: prompt.to_owned() },
    };
    Passphrase::read(&source).context("the passphrase cannot be read")
}

/// What opens the vault at the start; sealed where there is neither a credential nor a terminal.
fn at_hand(fd: Option<u32>) -> anyhow::Result<Opening> {
    if let Some(directory) = credentials_directory().filter(|_| fd.is_none()) {
        return Ok(at_hand::credentials(&directory));
    }
    let nobody = fd.is_none() && std::fs::File::open("/dev/tty").is_err();
    if nobody { Ok(Opening::Sealed) } else { passphrase(fd, "Passphrase: ").map(Opening::With) }
}

/// A new passphrase or key: from a descriptor, or typed twice.
fn new_from(fd: Option<u32>) -> anyhow::Result<Passphrase> {
    let read = |prompt: &str| {
        let source = match fd {
            Some(fd) => Source::Descriptor(fd),
            None => Source::Terminal { prompt: prompt.to_owned() },
        };
        Passphrase::read(&source).context("the new one cannot be read")
    };
    let first = read("The new one: ")?;
    if fd.is_none() {
        let same = read("Once more: ")?.expose() == first.expose();
        anyhow::ensure!(same, "the two are not the same; nothing was done");
    }
    Ok(first)
}

/// Writes to standard output, which whoever asked has turned to where it is to be.
#[expect(clippy::print_stdout, reason = "it is what was asked for")]
fn show(text: &str) {
    println!("{text}");
}

fn new_passphrase(fd: Option<u32>) -> anyhow::Result<Passphrase> {
    let first = passphrase(fd, "New passphrase: ")?;
    if fd.is_none() && credentials_directory().is_none() {
        let again = passphrase(None, "Once more: ")?;
        anyhow::ensure!(
            first.expose() == again.expose(),
            "the two are not the same; nothing was made"
        );
    }
    Ok(first)
}

/// Where systemd put this service's credentials: a path, no secret.
#[expect(clippy::disallowed_methods, reason = "systemd tells the path in no other way")]
fn credentials_directory() -> Option<PathBuf> {
    std::env::var("CREDENTIALS_DIRECTORY").ok().map(|path| Path::new(&path).to_owned())
}

fn log_to_stderr() {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(tracing_subscriber::EnvFilter::new("info"))
        .init();
}

#[expect(clippy::print_stderr, reason = "the command line speaks to a person on standard error")]
fn complain(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests;
