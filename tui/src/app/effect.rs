//! What the client wants done: data, performed by the runtime. No effect holds a secret: one that
//! submits a form names it, and the runtime takes the secrets from their store.

use std::path::PathBuf;

use muster_protocol::halt::{HaltScope, Verdict};
use muster_protocol::ids::{AccountId, EgressName, IntentId, PlanId, RunId, TicketId, UserId};
use muster_protocol::order::Broker;
use muster_protocol::plan::Mode;
use muster_protocol::request::Selection;
use muster_protocol::run::CalledAs;

use crate::app::form::SecretField;
use crate::app::msg::CallId;

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Ask the daemon; the answer comes back with this number.
    Send { id: CallId, ask: Ask },
    /// Do not wait for the next attempt to connect.
    RetryNow,
    /// Hand the text to the terminal's clipboard.
    Copy(String),
    /// Write lines to a new file only its owner can read.
    Save { path: PathBuf, lines: Vec<String> },
    /// Wipe what was typed into this secret field.
    ForgetSecret(SecretField),
    /// Wipe everything that was typed into secret fields.
    ForgetSecrets,
    /// Hand the terminal back to the shell until the client is continued.
    Suspend,
    /// Paint every cell anew.
    Repaint,
    /// Leave.
    Quit,
}

/// A request, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Test(Selection),
    SetActive {
        accounts: Selection,
        on: bool,
    },
    SetAuto {
        accounts: Selection,
        on: bool,
    },
    Remove {
        account: AccountId,
        user: UserId,
    },
    Login(AccountId),
    Connect(ConnectOrder),
    SubmitRedirect(TicketId),
    Abandon(TicketId),
    Arm {
        plan: PlanId,
        mode: Mode,
        hash: String,
    },
    ShowRun(RunId),
    Halt {
        scope: HaltScope,
        on: bool,
    },
    Resolve {
        intent: IntentId,
        verdict: Verdict,
    },
    Unseal,
    Seal,
    House,
    /// Who is fit for a plan; of one account its gates.
    Muster {
        plan: PlanId,
        account: Option<AccountId>,
    },
    CallMuster,
    RunNow {
        run: RunId,
        hash: String,
        mode: Mode,
        called: CalledAs,
    },
}

/// The form, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectOrder {
    pub(crate) broker: Broker,
    pub(crate) user: UserId,
    /// Angel One only; empty otherwise.
    pub(crate) client_id: String,
    pub(crate) egress: Option<EgressName>,
    pub(crate) replaces: Option<AccountId>,
}
