//! The words of `muster halt` and `muster resume`.

use clap::Args;
use muster_protocol::ids::{PlanId, UserId};

pub(super) const HALT_EXAMPLES: &str = "Examples:\n  muster halt\n  muster halt --cancel-open\n  muster halt --user asha.k\n  muster halt --plan btst";
pub(super) const RESUME_EXAMPLES: &str =
    "Examples:\n  muster resume\n  muster resume --user asha.k\n  muster resume --plan btst";

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
