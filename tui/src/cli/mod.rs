//! The command line: what can be asked, and what each flag means. One file for each family of
//! commands; the same words are the help, the manual pages and the completions.

mod account;
mod halt;
mod instrument;
mod journal;
mod plan;
mod run;
mod vault;

pub(crate) use account::{AccountCommand, Switch, TestArgs};
pub(crate) use halt::{HaltArgs, ScopeArgs};
pub(crate) use instrument::InstrumentCommand;
pub(crate) use journal::JournalArgs;
pub(crate) use plan::PlanCommand;
pub(crate) use run::RunCommand;
pub(crate) use vault::{Slot, VaultCommand};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::app::look::Theme;

/// Watches and runs the accounts of musterd. Without a command: the terminal client.
#[derive(Debug, Parser)]
#[command(name = "muster", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The daemon's socket.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Writes JSON with `schema_version`, for scripts.
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
    Status,
    /// The store's size, the vault's slots, the last backup.
    House,
    /// Tests one account or all and waits for the result.
    Test(TestArgs),
    /// The journal, oldest first.
    Journal(JournalArgs),
    /// Accounts: list, show, connect, switch.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Plans: list, put, arm, disarm.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Instruments a plan can name.
    #[command(subcommand)]
    Instrument(InstrumentCommand),
    /// Runs: list, show.
    #[command(subcommand)]
    Run(RunCommand),
    /// Who is fit for the next run, and who is not and why.
    Muster,
    /// Has the daemon copy its store to a new file, by its whole path.
    Backup { file: PathBuf },
    /// Lets runs happen again that are held since an old store was put back.
    Release,
    /// The vault: seal, unseal, slots, rotation. Secrets are asked for at a terminal, or read from
    /// standard input, one a line.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Stops every order from leaving, or one user's or plan's, until it is resumed.
    Halt(HaltArgs),
    /// Ends a halt.
    Resume(ScopeArgs),
    /// What a day came to: its runs, their tallies, and the head of the audit chain.
    Report {
        /// Which day, for example 2026-11-23; today if none is named.
        date: Option<String>,
    },
    /// Writes the manual pages into a folder.
    Man {
        /// The folder.
        folder: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn filters_and_flags_are_read() {
        let cli =
            Cli::try_parse_from(["muster", "journal", "-f", "broker:angel", "--json"]).unwrap();
        assert!(cli.json && matches!(cli.command, Some(Command::Journal(args)) if args.follow));
        assert!(Cli::try_parse_from(["muster", "test"]).is_err());
        assert!(Cli::try_parse_from(["muster", "test", "asha.k", "--all"]).is_err());
    }
}
