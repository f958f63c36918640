//! The words of `muster account` and `muster test`.

use clap::{Args, Subcommand};
use muster_protocol::ids::{EgressName, UserId};

pub(super) const TEST_EXAMPLES: &str =
    "Examples:\n  muster test asha.k\n  muster test asha.k/zerodha\n  muster test --all --json";

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

/// What can be done with accounts. ACCOUNT is a number, a user, or user/broker.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Every account in a line.
    #[command(after_help = "Examples:\n  muster account list\n  muster account list --json")]
    List,
    /// One account in full.
    #[command(
        after_help = "Examples:\n  muster account show asha.k\n  muster account show 7 --json"
    )]
    Show {
        /// Its number, its user, or user/broker.
        account: String,
    },
    /// Tests a credential and stores it if the test passes.
    ///
    /// At a terminal it asks, without showing what is typed. From a script it reads one JSON object on
    /// standard input: `{"user": U, "credential": C}`, where C is `{"broker": "angel_one", "api_key": ..,
    /// "client_id": .., "mpin": .., "totp_secret": ..}` or `{"broker": "zerodha", "api_key": ..,
    /// "api_secret": ..}`. Never from arguments or the environment.
    #[command(
        after_help = "Examples:\n  muster account connect\n  muster account connect --user asha.k --broker angel\n  \
                      muster account connect < credential.json"
    )]
    Connect(ConnectArgs),
    /// Tests one account or all and waits for the result; the same as muster test.
    #[command(
        after_help = "Examples:\n  muster account test asha.k\n  muster account test --all --json"
    )]
    Test(TestArgs),
    /// Lets the account take part in runs, or not.
    #[command(
        after_help = "Examples:\n  muster account auto asha.k on\n  muster account auto 7 off"
    )]
    Auto {
        /// Its number, its user, or user/broker.
        account: String,
        /// On or off.
        state: Switch,
    },
    /// Switches the account on.
    #[command(after_help = "Examples:\n  muster account activate asha.k")]
    Activate {
        /// Its number, its user, or user/broker.
        account: String,
    },
    /// Switches the account off: no test, no run.
    #[command(after_help = "Examples:\n  muster account deactivate asha.k/angel")]
    Deactivate {
        /// Its number, its user, or user/broker.
        account: String,
    },
    /// Begins the daily login of a Zerodha account and waits for the person.
    #[command(
        after_help = "Examples:\n  muster account login asha.k\n  muster account login asha.k --json"
    )]
    Login {
        /// Its number, its user, or user/broker.
        account: String,
    },
    /// Hands over the address a login ended at; reads it from standard input.
    #[command(after_help = "Examples:\n  muster account redirect 1795417200001 < address.txt")]
    Redirect {
        /// The login's number, as muster account login says it.
        ticket: u64,
    },
    /// Gives up a connection or login that is under way; nothing of it remains.
    #[command(after_help = "Examples:\n  muster account abandon 1795417200001")]
    Abandon {
        /// Its number, as muster account login says it.
        ticket: u64,
    },
    /// Forgets the account and its credential.
    #[command(
        after_help = "Examples:\n  muster account remove asha.k/angel\n  muster account remove 7 --confirm asha.k"
    )]
    Remove {
        /// Its number, its user, or user/broker.
        account: String,
        /// Its user's name once more; asked for at a terminal.
        #[arg(long, value_name = "USER")]
        confirm: Option<String>,
    },
}

/// What of a connection is no secret.
#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// Whose account it is; asked for at a terminal.
    #[arg(long)]
    pub(crate) user: Option<UserId>,
    /// At which broker, angel or zerodha; asked for at a terminal.
    #[arg(long)]
    pub(crate) broker: Option<String>,
    /// Which way out of the server; the first one unless given.
    #[arg(long, value_name = "NAME")]
    pub(crate) egress: Option<EgressName>,
    /// Puts the credential in the place of this account's: its number, its user, or user/broker.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) replaces: Option<String>,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}
