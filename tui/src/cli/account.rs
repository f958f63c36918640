//! The words of `muster account` and `muster test`.

use clap::{Args, Subcommand};

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
