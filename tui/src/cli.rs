//! The command line: what can be asked, and what each flag means.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use muster_protocol::ids::{PlanId, UserId};

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
#[derive(Debug, Clone, Copy, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags, each on its own")]
pub(crate) struct ScreenFlags {
    /// Leaves out every key that changes something.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Uses ASCII only, whatever the locale says.
    #[arg(long)]
    pub(crate) ascii: bool,
    /// Uses no colours; so does the variable `NO_COLOR`.
    #[arg(long)]
    pub(crate) mono: bool,
}

/// What a script or a person can ask for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The daemon at a glance.
    Status,
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

/// What is halted, and whether what is open is cancelled.
#[derive(Debug, Args)]
pub(crate) struct HaltArgs {
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// Also cancel the orders of today's runs that are open at the brokers.
    #[arg(long)]
    pub(crate) cancel_open: bool,
}

/// What a halt is for; everything, if nothing is named.
#[derive(Debug, Args)]
pub(crate) struct ScopeArgs {
    /// One person's accounts.
    #[arg(long, value_name = "USER", conflicts_with = "plan")]
    pub(crate) user: Option<UserId>,
    /// One plan.
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Option<PlanId>,
}

/// Which accounts to test.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Its number, its user, or user/broker.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) account: Option<String>,
    /// Every account.
    #[arg(long)]
    pub(crate) all: bool,
}

/// Which entries of the journal.
#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    /// Goes on with new entries until interrupted.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// The newest so many, at most 1000.
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// Only entries after this number.
    #[arg(long, default_value_t = 0)]
    pub(crate) after: u64,
    /// Words such as broker:angel level>=warn user:asha.k area:order, and plain text.
    pub(crate) words: Vec<String>,
}

/// What can be done with accounts. ACCOUNT is a number, a user, or user/broker.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Every account in a line.
    List,
    /// One account in full.
    Show { account: String },
    /// Tests a credential and stores it if the test passes. Reads JSON from standard input, or asks
    /// at a terminal without showing what is typed; never from arguments or the environment.
    Connect,
    /// Lets the account take part in runs, or not.
    Auto { account: String, state: Switch },
    /// Switches the account on.
    Activate { account: String },
    /// Switches the account off.
    Deactivate { account: String },
    /// Begins the daily login of a Zerodha account and waits for the person.
    Login { account: String },
    /// Hands over the address a login ended at; reads it from standard input.
    Redirect { ticket: u64 },
    /// Forgets the account and its credential.
    Remove {
        account: String,
        /// Its user's name once more; asked for at a terminal.
        #[arg(long, value_name = "USER")]
        confirm: Option<String>,
    },
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

/// What can be done with plans.
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Every plan.
    List,
    /// Makes or changes a plan; it is dry-run until armed.
    Put { file: PathBuf },
    /// Sends the plan's orders for real from its next run on.
    Arm {
        plan: String,
        /// The plan's name once more; asked for at a terminal.
        #[arg(long, value_name = "PLAN")]
        confirm: Option<String>,
    },
    /// Back to dry-run: no order is sent.
    Disarm { plan: String },
}

/// What can be asked about runs.
#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// The runs of the last days.
    List,
    /// One run with its orders, by PLAN@DATE.
    Show { run: String },
    /// Settles an order in doubt by what you found out at the broker.
    Resolve {
        /// The run, PLAN@DATE.
        run: String,
        /// The account's number.
        account: u32,
        /// The leg, from 1.
        leg: u8,
        /// The broker has it, under this number.
        #[arg(long, value_name = "ORDER", group = "verdict")]
        found: Option<String>,
        /// The broker does not have it, and it is not wanted any more.
        #[arg(long, group = "verdict")]
        not_placed: bool,
        /// The broker does not have it: send it once more.
        #[arg(long, group = "verdict")]
        send_again: bool,
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
