//! The command line: what can be asked, and what each flag means. One file for each family of
//! commands; the same words are the help, the manual pages, the completions and docs/commands.md.

mod account;
mod calendar;
mod document;
mod halt;
mod instrument;
mod journal;
mod plan;
mod run;
mod upkeep;
mod vault;
mod wait;

pub(crate) use account::{AccountCommand, ConnectArgs, MusterArgs, Switch, TestArgs};
pub(crate) use calendar::CalendarCommand;
pub(crate) use document::document;
pub(crate) use halt::{HaltArgs, ScopeArgs};
pub(crate) use instrument::InstrumentCommand;
pub(crate) use journal::JournalArgs;
pub(crate) use plan::PlanCommand;
pub(crate) use run::{NowArgs, ResolveArgs, RunCommand};
pub(crate) use upkeep::{DoctorArgs, Shell};
pub(crate) use vault::{AuditCommand, Slot, VaultCommand};
pub(crate) use wait::{WaitArgs, WaitFor};

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};
use muster_protocol::version::ProtocolVersion;

use crate::app::look::Theme;

/// Watches and runs the accounts of musterd. Without a command: the terminal client.
#[derive(Debug, Parser)]
#[command(
    name = "muster",
    version,
    long_version = LONG_VERSION.as_str(),
    disable_help_subcommand = true,
    after_help = "Examples:\n  muster\n  muster status\n  muster status --json\n\n\
                  Exit codes and the shape of --json: docs/commands.md, or muster document."
)]
pub(crate) struct Cli {
    /// The daemon's socket.
    ///
    /// If it is not given: the variable `MUSTER_SOCKET`, else the configuration file's, else
    /// /run/musterd/musterd.sock, else muster/musterd.sock in `XDG_RUNTIME_DIR`.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Writes JSON with `schema_version`, for scripts; errors, too.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) screen: ScreenFlags,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// How the terminal client looks.
#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags, each on its own")]
pub(crate) struct ScreenFlags {
    /// Leaves out every key that changes something.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Uses ASCII only, whatever the locale says.
    #[arg(long)]
    pub(crate) ascii: bool,
    /// The colours: auto, dark, light, safe (blue and orange) or mono.
    #[arg(long, value_name = "THEME")]
    pub(crate) theme: Option<Theme>,
    /// Uses no colours; so does the variable `NO_COLOR`.
    #[arg(long, conflicts_with = "theme")]
    pub(crate) mono: bool,
    /// The configuration file, in the place of the usual one.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Prints what the keys do, as a document, and ends.
    #[arg(long)]
    pub(crate) print_keys: bool,
    /// Prints a configuration file with every key, and ends.
    #[arg(long)]
    pub(crate) print_config: bool,
}

/// What a script or a person can ask for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The daemon at a glance.
    #[command(after_help = "Examples:\n  muster status\n  muster status --json")]
    Status,
    /// Who is fit for the next run, and who is not and why. Exit code 0: all are fit; 5: some are
    /// not; 8: nobody is, or runs are held.
    #[command(
        after_help = "Examples:\n  muster muster\n  muster muster btst --gates\n  muster muster --now --json"
    )]
    Muster(MusterArgs),
    /// The ways out of the server: what to register, what the world sees, who shares one.
    #[command(after_help = "Examples:\n  muster egress\n  muster egress --json")]
    Egress,
    /// The store's size, the vault's slots, the last backup.
    #[command(after_help = "Examples:\n  muster house\n  muster house --json")]
    House,
    /// Tests one account or all and waits for the result.
    #[command(after_help = account::TEST_EXAMPLES)]
    Test(TestArgs),
    /// The journal, oldest first.
    #[command(after_help = journal::EXAMPLES)]
    Journal(JournalArgs),
    /// Accounts: list, show, connect, switch.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Plans: list, show, check, put, arm, disarm, remove.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// The exchange calendar: holidays, special sessions, hours.
    #[command(subcommand)]
    Calendar(CalendarCommand),
    /// Instruments a plan can name.
    #[command(subcommand)]
    Instrument(InstrumentCommand),
    /// Runs: list, show, settle.
    #[command(subcommand)]
    Run(RunCommand),
    /// Stops every order from leaving, or one user's or plan's, until it is resumed.
    #[command(after_help = halt::HALT_EXAMPLES)]
    Halt(HaltArgs),
    /// Ends a halt.
    #[command(after_help = halt::RESUME_EXAMPLES)]
    Resume(ScopeArgs),
    /// What a day came to: its runs, their tallies, and the head of the audit chain.
    #[command(after_help = "Examples:\n  muster report\n  muster report 2026-11-23 --json")]
    Report {
        /// Which day, for example 2026-11-23; today if none is named.
        date: Option<String>,
    },
    /// Waits until something is so.
    #[command(subcommand_required = true)]
    Wait(WaitArgs),
    /// Looks for what could keep the next run from happening; says what to do about each.
    ///
    /// Ends with 1 if a line says FAIL. Lines that say WARN do not change the exit code.
    #[command(after_help = upkeep::DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Has the daemon copy its store to a new file.
    ///
    /// The daemon writes it, so the folder must be one the daemon may write to.
    #[command(after_help = upkeep::BACKUP_EXAMPLES)]
    Backup {
        /// The file to be made; nothing may be there.
        file: PathBuf,
    },
    /// Who did what to whom: the entries, and whether their chain holds.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Lets runs happen again that are held since an old store was put back.
    ///
    /// Look at today's orders at the brokers first.
    #[command(after_help = "Examples:\n  muster release")]
    Release,
    /// The vault: seal, unseal, slots, rotation. Secrets are asked for at a terminal, or read from
    /// standard input, one a line.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Writes a shell's completions to standard output.
    #[command(after_help = upkeep::COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Writes the manual pages into a folder.
    #[command(after_help = "Examples:\n  muster man /usr/local/share/man/man1")]
    Man {
        /// The folder; it must be there.
        folder: PathBuf,
    },
    /// Writes every command, its JSON and the exit codes as Markdown to standard output.
    #[command(after_help = "Examples:\n  muster document")]
    Document,
}

/// What was built, for a report of a fault. The build's name is given by whoever builds.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}\nbuild     {}\nprotocol  {}\ntarget    {} {}, {}",
        env!("CARGO_PKG_VERSION"),
        option_env!("MUSTER_BUILD").unwrap_or("not named"),
        u32::from(ProtocolVersion::CURRENT),
        std::env::consts::OS,
        std::env::consts::ARCH,
        if cfg!(debug_assertions) { "debug" } else { "release" },
    )
});

#[cfg(test)]
mod tests;
