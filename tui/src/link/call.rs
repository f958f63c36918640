//! A request on its way to the daemon, with the secrets it needs.

use muster_protocol::client::{CallError, Client};
use muster_protocol::ids::PlanId;
use muster_protocol::request::{
    Abandon, ArmPlan, CallMuster, Connect, Halt, House, Login, Muster, RemoveAccount,
    ResolveIntent, Resume, RunNow, Seal, SetActive, SetAutoExecute, ShowRun, SubmitRedirect,
    TestAccounts, Unseal,
};

use crate::app::effect::Ask;
use crate::app::form::SecretField;
use crate::app::msg::Answer;
use crate::secrets::SecretStore;

/// A request of the screen.
pub(crate) enum Outgoing {
    Test(TestAccounts),
    SetActive(SetActive),
    SetAuto(SetAutoExecute),
    Remove(RemoveAccount),
    Login(Login),
    Connect(Connect),
    Redirect(SubmitRedirect),
    Abandon(Abandon),
    Arm(ArmPlan),
    ShowRun(ShowRun),
    Halt(Halt),
    Resume(Resume),
    Resolve(ResolveIntent),
    Unseal(Unseal),
    Seal(Seal),
    House(House),
    Muster(PlanId, Muster),
    CallMuster(CallMuster),
    RunNow(RunNow),
}

impl Outgoing {
    /// What was asked for, with what the store holds for it.
    pub(crate) fn new(ask: Ask, secrets: &mut SecretStore) -> Self {
        match ask {
            Ask::Test(accounts) => Self::Test(TestAccounts { accounts }),
            Ask::SetActive { accounts, on } => Self::SetActive(SetActive { accounts, on }),
            Ask::SetAuto { accounts, on } => Self::SetAuto(SetAutoExecute { accounts, on }),
            Ask::Remove { account, user } => Self::Remove(RemoveAccount { account, confirm: user }),
            Ask::Login(account) => Self::Login(Login { account }),
            Ask::Connect(order) => {
                let credential = secrets.credential(&order);
                Self::Connect(Connect {
                    user: order.user,
                    egress: order.egress,
                    replaces: order.replaces,
                    credential,
                })
            }
            Ask::SubmitRedirect(ticket) => Self::Redirect(SubmitRedirect {
                ticket,
                redirected: secrets.take(SecretField::Redirect),
            }),
            Ask::Abandon(ticket) => Self::Abandon(Abandon { ticket }),
            Ask::Arm { plan, mode, hash } => Self::Arm(ArmPlan { plan, mode, hash }),
            Ask::ShowRun(run) => Self::ShowRun(ShowRun { run }),
            Ask::Halt { scope, on: true } => Self::Halt(Halt { scope, cancel_open: false }),
            Ask::Halt { scope, on: false } => Self::Resume(Resume { scope }),
            Ask::Unseal => Self::Unseal(Unseal { secret: secrets.take(SecretField::Vault) }),
            Ask::Seal => Self::Seal(Seal {}),
            Ask::House => Self::House(House {}),
            Ask::Muster { plan, account } => {
                let brief = account.is_none();
                let call = Muster { plan: Some(plan.clone()), account, brief };
                Self::Muster(plan, call)
            }
            Ask::CallMuster => Self::CallMuster(CallMuster {}),
            Ask::RunNow { run, hash, mode, called } => {
                Self::RunNow(RunNow { run, hash, mode, called })
            }
            Ask::Resolve { intent, verdict } => Self::Resolve(ResolveIntent { intent, verdict }),
        }
    }

    /// Sends it and waits for the answer.
    #[expect(clippy::cognitive_complexity, reason = "a table: a line for each request")]
    pub(super) async fn perform(self, client: &Client) -> Result<Answer, CallError> {
        Ok(match self {
            Self::Test(call) => Answer::Touched(client.call(call).await?),
            Self::SetActive(call) => Answer::Touched(client.call(call).await?),
            Self::SetAuto(call) => Answer::Touched(client.call(call).await?),
            Self::Login(call) => Answer::Ticket(client.call(call).await?),
            Self::Connect(call) => Answer::Ticket(client.call(call).await?),
            Self::CallMuster(call) => Answer::Touched(client.call(call).await?),
            look @ (Self::ShowRun(_) | Self::House(_) | Self::Muster(..)) => {
                return look.look(client).await;
            }
            Self::Remove(call) => client.call(call).await.map(|_| Answer::Done)?,
            Self::Redirect(call) => client.call(call).await.map(|_| Answer::Done)?,
            Self::Abandon(call) => client.call(call).await.map(|_| Answer::Done)?,
            Self::Arm(call) => client.call(call).await.map(|_| Answer::Done)?,
            Self::RunNow(call) => client.call(call).await.map(|_| Answer::Done)?,
            Self::Halt(call) => client.call(call).await.map(|_| Answer::Done)?,
            Self::Resume(call) => client.call(call).await.map(|_| Answer::Done)?,
            Self::Unseal(call) => client.call(call).await.map(|_| Answer::Done)?,
            Self::Seal(call) => client.call(call).await.map(|_| Answer::Done)?,
            Self::Resolve(call) => client.call(call).await.map(|_| Answer::Done)?,
        })
    }

    /// What only looks has an answer of its own.
    async fn look(self, client: &Client) -> Result<Answer, CallError> {
        Ok(match self {
            Self::ShowRun(call) => Answer::Run(Box::new(client.call(call).await?)),
            Self::House(call) => Answer::House(Box::new(client.call(call).await?)),
            Self::Muster(plan, call) => {
                let one = call.account.is_some();
                let board = Box::new(client.call(call).await?);
                Answer::Muster { plan, one, board }
            }
            _ => Answer::Done,
        })
    }
}
