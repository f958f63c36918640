//! `muster account`.

use muster_protocol::account::{AccountStatus, AccountView};
use muster_protocol::ids::{AccountId, Label, TicketId, UserId};
use muster_protocol::order::Broker;
use muster_protocol::reply::Ticket;
use muster_protocol::request::{
    Abandon, LabelAccounts, ListAccounts, Login, RemoveAccount, Selection, SetActive,
    SetAutoExecute, Status, SubmitRedirect, Subscribe,
};
use muster_protocol::secret::Secret;
use serde::Serialize;

use super::{CommandError, Daemon, connect, details, print, print::Printer, prompt, test};
use crate::cli::{AccountCommand, Switch};

/// Lists, shows, connects, switches, removes.
pub(super) async fn account(
    daemon: &mut Daemon,
    command: AccountCommand,
    printer: &Printer,
) -> Result<(), CommandError> {
    match command {
        AccountCommand::List => list(daemon, *printer).await,
        AccountCommand::Show { account } => show(daemon, &account, *printer).await,
        AccountCommand::Connect(args) => connect::connect(daemon, args, printer).await,
        AccountCommand::Test(args) => test::test(daemon, &args, printer).await,
        AccountCommand::Auto { account, state } => auto(daemon, &account, state, *printer).await,
        AccountCommand::Label { account, add, remove } => {
            label(daemon, &account, (add, remove), *printer).await
        }
        AccountCommand::Activate { account } => {
            set_active(daemon, &account, Switch::On, *printer).await
        }
        AccountCommand::Deactivate { account } => {
            set_active(daemon, &account, Switch::Off, *printer).await
        }
        AccountCommand::Login { account, .. } => log_in(daemon, account, printer).await,
        AccountCommand::Egress { account, egress } => {
            super::egress::set(daemon, &account, &egress, *printer).await
        }
        AccountCommand::Redirect { ticket } => redirect(daemon, TicketId(ticket), *printer).await,
        AccountCommand::Abandon { ticket } => abandon(daemon, TicketId(ticket), *printer).await,
        AccountCommand::Remove { account, confirm } => {
            remove(daemon, &account, confirm, *printer).await
        }
    }
}

/// One account, or everybody who has to.
async fn log_in(
    daemon: &mut Daemon,
    account: Option<String>,
    printer: &Printer,
) -> Result<(), CommandError> {
    match account {
        Some(account) => login(daemon, &account, printer).await,
        None => links(daemon, *printer).await,
    }
}

async fn show(daemon: &Daemon, account: &str, printer: Printer) -> Result<(), CommandError> {
    let now = daemon.client.call(Status {}).await?.now;
    details::show(&daemon.find(account).await?, now, printer)
}

async fn abandon(daemon: &Daemon, ticket: TicketId, printer: Printer) -> Result<(), CommandError> {
    daemon.client.call(Abandon { ticket }).await?;
    print::done(printer, "given up; nothing of it remains")
}

async fn auto(
    daemon: &Daemon,
    named: &str,
    state: Switch,
    printer: Printer,
) -> Result<(), CommandError> {
    let (accounts, name) = one(daemon, named).await?;
    let on = state == Switch::On;
    daemon.client.call(SetAutoExecute { accounts, on }).await?;
    print::done(printer, &format!("{name}: auto-execute {}", if on { "on" } else { "off" }))
}

async fn label(
    daemon: &Daemon,
    named: &str,
    (add, remove): (Vec<Label>, Vec<Label>),
    printer: Printer,
) -> Result<(), CommandError> {
    let (accounts, name) = one(daemon, named).await?;
    if !add.is_empty() || !remove.is_empty() {
        daemon.client.call(LabelAccounts { accounts, add, remove }).await?;
    }
    let labels = daemon.find(named).await?.labels;
    if printer.is_json() {
        return print::json("labels", &labels);
    }
    print::line(format!("{name}: {}", joined(&labels)))
}

pub(super) fn joined(labels: &[Label]) -> String {
    if labels.is_empty() {
        return "no labels".to_owned();
    }
    labels.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

async fn set_active(
    daemon: &Daemon,
    named: &str,
    state: Switch,
    printer: Printer,
) -> Result<(), CommandError> {
    let (accounts, name) = one(daemon, named).await?;
    let on = state == Switch::On;
    daemon.client.call(SetActive { accounts, on }).await?;
    print::done(printer, &format!("{name}: {}", if on { "activated" } else { "deactivated" }))
}

async fn login(daemon: &mut Daemon, named: &str, printer: &Printer) -> Result<(), CommandError> {
    let account = daemon.find(named).await?;
    if account.broker != Broker::Zerodha {
        let words = "only Zerodha needs a person to log in; use muster test";
        return Err(CommandError::Usage(words.to_owned()));
    }
    let seq = daemon.client.call(Subscribe { journal_tail: 0 }).await?.seq;
    let ticket = daemon.client.call(Login { account: account.id }).await?;
    connect::watch(daemon, seq, (&ticket, connect::Until::Passed), printer).await
}

/// Who must log in today, each with a link of their own.
async fn links(daemon: &Daemon, printer: Printer) -> Result<(), CommandError> {
    let accounts = daemon.client.call(ListAccounts {}).await?;
    let due = accounts.iter().filter(|account| account.status == AccountStatus::LoginDue);
    let mut links = Vec::new();
    for account in due {
        let ticket = daemon.client.call(Login { account: account.id }).await?;
        links.push(Due { account: account.id, user: account.user.clone(), ticket });
    }
    if printer.is_json() {
        return print::json("logins", &links);
    }
    if links.is_empty() {
        return print::line("nobody has to log in");
    }
    for Due { user, ticket, .. } in &links {
        let until = ticket.expires.map(|at| format!(", until {}", at.clock())).unwrap_or_default();
        print::line(format!("{user}{until}, or muster account redirect {}", ticket.ticket))?;
        print::line(ticket.link.as_deref().unwrap_or("no link"))?;
    }
    Ok(())
}

/// One person's login.
#[derive(Serialize)]
struct Due {
    account: AccountId,
    user: UserId,
    ticket: Ticket,
}

async fn redirect(daemon: &Daemon, ticket: TicketId, printer: Printer) -> Result<(), CommandError> {
    let redirected = if prompt::is_person() {
        prompt::secret("The address the browser ended at")?
    } else {
        Secret::new(prompt::read_all()?.trim().to_owned())
    };
    daemon.client.call(SubmitRedirect { ticket, redirected }).await?;
    print::done(printer, "handed over")
}

async fn remove(
    daemon: &Daemon,
    named: &str,
    confirm: Option<String>,
    printer: Printer,
) -> Result<(), CommandError> {
    let account = daemon.find(named).await?;
    let name = name(&account);
    let question = format!("{name} and its credential are forgotten for good.");
    prompt::confirm(confirm, account.user.as_str(), &question)?;
    let call = RemoveAccount { account: account.id, confirm: account.user };
    let user = call.confirm.clone();
    daemon.client.call(call).await?;
    let left = daemon.client.call(ListAccounts {}).await?;
    let last = !left.iter().any(|account| account.user == user);
    print::done(printer, &format!("{name}: removed. {}", muster_protocol::vault::remains(last)))
}

fn name(account: &AccountView) -> String {
    format!("{} {}", account.user, account.broker)
}

async fn one(daemon: &Daemon, named: &str) -> Result<(Selection, String), CommandError> {
    let account = daemon.find(named).await?;
    Ok((Selection::Ids(vec![account.id]), name(&account)))
}

async fn list(daemon: &Daemon, printer: Printer) -> Result<(), CommandError> {
    let accounts = daemon.client.call(ListAccounts {}).await?;
    if printer.is_json() {
        return print::json("accounts", &accounts);
    }
    let rows: Vec<Vec<String>> = accounts
        .iter()
        .map(|account| {
            vec![
                account.id.to_string(),
                account.user.to_string(),
                account.broker.to_string(),
                account.status.words().to_owned(),
                account.permission.words().to_owned(),
                account.last_ok.map_or_else(
                    || "never".to_owned(),
                    muster_protocol::time::Timestamp::day_clock,
                ),
                if account.auto_execute { "on" } else { "off" }.to_owned(),
                account.egress.to_string(),
            ]
        })
        .collect();
    print::table(&["NO", "USER", "BROKER", "STATUS", "IP", "LAST OK", "AUTO", "EGRESS"], &rows)
}
