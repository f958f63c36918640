//! `muster account connect`: reads a credential from standard input, or asks for it; then watches the
//! test until it is stored or refused.

use muster_protocol::account::Credential;
use muster_protocol::check::{CheckOutcome, CheckTarget, CheckView, StepVerdict};
use muster_protocol::event::{Delta, Feed};
use muster_protocol::ids::TicketId;
use muster_protocol::order::Broker;
use muster_protocol::reply::Ticket;
use muster_protocol::request::{Connect, Subscribe};
use muster_protocol::secret::Secret;

use super::{CommandError, Daemon, print, print::Printer, prompt};
use crate::app::words;
use crate::cli::ConnectArgs;

/// Tests a credential; it is stored if the test passes.
pub(super) async fn connect(
    daemon: &mut Daemon,
    args: ConnectArgs,
    printer: &Printer,
) -> Result<(), CommandError> {
    let replaces = match &args.replaces {
        Some(named) => Some(daemon.find(named).await?.id),
        None => None,
    };
    let mut order = if prompt::is_person() { ask(&args)? } else { read()? };
    fits(&order, &args)?;
    order.egress = args.egress.or(order.egress);
    order.replaces = replaces.or(order.replaces);
    let seq = daemon.client.call(Subscribe { journal_tail: 0 }).await?.seq;
    let ticket = daemon.client.call(order).await?;
    watch(daemon, seq, &ticket, printer).await
}

/// What the flags say and what was read must be of one person and broker.
fn fits(order: &Connect, args: &ConnectArgs) -> Result<(), CommandError> {
    let broker = args.broker.as_deref().map(words::broker).transpose();
    let broker = broker.map_err(CommandError::Usage)?;
    let same_user = args.user.as_ref().is_none_or(|user| *user == order.user);
    let same_broker = broker.is_none_or(|broker| broker == order.credential.broker());
    if same_user && same_broker {
        return Ok(());
    }
    let what = if same_user { "--broker" } else { "--user" };
    Err(CommandError::Usage(format!(
        "{what} is not that of the credential on standard input; nothing was done"
    )))
}

fn read() -> Result<Connect, CommandError> {
    let text = prompt::read_all()?;
    // The error's own words could quote a secret; its place is enough.
    serde_json::from_str(&text).map_err(|error| {
        CommandError::Usage(format!(
            "standard input is not a connect request (line {}, column {}): \
             {{\"user\", \"credential\": {{\"broker\": \"angel_one\" or \"zerodha\", ..}}}}",
            error.line(),
            error.column()
        ))
    })
}

fn ask(args: &ConnectArgs) -> Result<Connect, CommandError> {
    let broker = match &args.broker {
        Some(broker) => broker.clone(),
        None => prompt::line("Broker (angel, zerodha)")?,
    };
    let broker = words::broker(&broker).map_err(CommandError::Usage)?;
    let user = match &args.user {
        Some(user) => user.clone(),
        None => prompt::line("User")?
            .parse()
            .map_err(|error| CommandError::Usage(format!("{error}")))?,
    };
    let credential = match broker {
        Broker::AngelOne => Credential::AngelOne {
            client_id: prompt::line("Client ID")?,
            api_key: prompt::secret("API key")?,
            mpin: prompt::secret("MPIN")?,
            totp_secret: prompt::secret("TOTP secret")?,
            api_secret: Some(prompt::secret("API secret, may stay empty")?)
                .filter(|secret: &Secret| !secret.expose().is_empty()),
        },
        Broker::Zerodha => Credential::Zerodha {
            api_key: prompt::secret("API key")?,
            api_secret: prompt::secret("API secret")?,
        },
    };
    Ok(Connect { user, egress: None, replaces: None, credential })
}

/// Shows a connection or login as it goes on; fails unless it passes.
pub(super) async fn watch(
    daemon: &mut Daemon,
    mut last: u64,
    ticket: &Ticket,
    printer: &Printer,
) -> Result<(), CommandError> {
    let mut shown = Shown { printer: *printer, ticket: ticket.ticket, steps: 0, linked: false };
    loop {
        let Some(item) = daemon.feed.recv().await else {
            return Err(CommandError::NoDaemon("the connection was lost".to_owned()));
        };
        let checks = match item {
            Feed::Delta { seq, .. } if seq <= last => continue,
            Feed::Delta { seq, delta } if seq == last.saturating_add(1) => {
                last = seq;
                match *delta {
                    Delta::Check(check) => vec![check],
                    _ => continue,
                }
            }
            Feed::Delta { .. } => {
                let anew = daemon.resubscribe().await?;
                last = anew.seq;
                anew.snapshot.checks
            }
            Feed::Resync { seq, snapshot } => {
                last = seq;
                snapshot.checks
            }
        };
        let wanted = CheckTarget::Ticket(ticket.ticket);
        for check in checks.iter().filter(|check| check.target == wanted) {
            if let Some(outcome) = shown.show(check)? {
                return outcome;
            }
        }
    }
}

/// What has been shown already.
struct Shown {
    printer: Printer,
    ticket: TicketId,
    steps: usize,
    linked: bool,
}

impl Shown {
    /// Shows what is new; the end, if this is it.
    fn show(
        &mut self,
        check: &CheckView,
    ) -> Result<Option<Result<(), CommandError>>, CommandError> {
        if !self.printer.is_json() {
            self.progress(check)?;
        } else if matches!(check.outcome, CheckOutcome::AwaitingLogin { .. }) && !self.linked {
            self.linked = true;
            print::json("check", check)?;
        }
        let end = match &check.outcome {
            CheckOutcome::Running | CheckOutcome::AwaitingLogin { .. } => return Ok(None),
            CheckOutcome::Passed => Ok(()),
            CheckOutcome::Failed { failure } => {
                let says = failure.broker_says.as_deref().unwrap_or("");
                Err(CommandError::Failed(format!("{} {says} {}", failure.means, failure.action)))
            }
            CheckOutcome::Abandoned { reason } => Err(CommandError::Failed(reason.clone())),
        };
        if self.printer.is_json() {
            print::json("check", check)?;
        } else if let Some(id) = check.saved_as {
            print::line(format!("stored as account {id}"))?;
        }
        Ok(Some(end))
    }

    fn progress(&mut self, check: &CheckView) -> Result<(), CommandError> {
        if let CheckOutcome::AwaitingLogin { link, expires } = &check.outcome
            && !self.linked
        {
            self.linked = true;
            let until = expires.clock();
            print::line(format!("open, log in and allow, until {until}:"))?;
            print::line(link)?;
            print::line(format!("or hand over: muster account redirect {}", self.ticket))?;
        }
        let over = |verdict| !matches!(verdict, StepVerdict::Waiting | StepVerdict::Running);
        let ended = check.steps.iter().filter(|step| over(step.verdict));
        for step in ended.skip(self.steps) {
            self.steps = self.steps.saturating_add(1);
            let took = step.took_ms.map(|ms| format!("{ms} ms")).unwrap_or_default();
            let verdict = match step.verdict {
                StepVerdict::Passed => "ok",
                StepVerdict::Unknown => "??",
                _ => "!!",
            };
            let name = step.step.words();
            print::line(format!("[{verdict}] {name:<17} {took:>8}  {}", step.detail))?;
        }
        Ok(())
    }
}
