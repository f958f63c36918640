//! `muster plan`.

mod file;
pub(super) mod text;

use std::path::Path;

use muster_protocol::ids::PlanId;
use muster_protocol::plan::{Finding, Mode, PlanCheck, PlanView, Weight};
use muster_protocol::request::{ArmPlan, CheckPlan, ListPlans, PutPlan, RemovePlan};
use muster_protocol::valid::validate;
use serde::Serialize;

use self::file::PlanFile;
use super::{CommandError, Daemon, print, print::Printer, prompt};
use crate::cli::PlanCommand;

/// Lists, shows, compares, puts, arms, disarms, removes.
pub(super) async fn plan(
    daemon: &Daemon,
    command: PlanCommand,
    printer: &Printer,
) -> Result<(), CommandError> {
    match command {
        PlanCommand::List => {
            let plans = daemon.client.call(ListPlans {}).await?;
            if printer.is_json() {
                return print::json("plans", &plans);
            }
            let rows: Vec<_> = plans.iter().map(text::row).collect();
            print::table(&["PLAN", "MODE", "AT", "UNTIL", "NEXT", "ACCOUNTS", "LEGS"], &rows)
        }
        PlanCommand::Show { plan } => show(&find(daemon, &plan).await?, *printer),
        PlanCommand::Get { plan, toml: _ } => {
            let plan = find(daemon, &plan).await?;
            if printer.is_json() {
                return print::json("plan", &plan.spec);
            }
            file::written(&plan.spec)?.lines().try_for_each(print::line)
        }
        PlanCommand::Check { file } => {
            let file = PlanFile::read(&file)?;
            let check = daemon.client.call(CheckPlan { spec: file.spec.clone() }).await?;
            checked(&file, &Checked { daemon: true, check }, *printer)
        }
        PlanCommand::Diff { file } => diff(daemon, &PlanFile::read(&file)?, *printer).await,
        PlanCommand::Put { file } => put(daemon, PlanFile::read(&file)?, *printer).await,
        PlanCommand::Arm { plan, live, confirm } => {
            if !live {
                let words = format!("say --live: muster plan arm {plan} --live sends real orders");
                return Err(CommandError::Usage(words));
            }
            let plan = find(daemon, &plan).await?;
            let name = plan.spec.name.to_string();
            prompt::confirm(confirm, &name, &text::arming(&plan.spec))?;
            set(daemon, plan, Mode::Live, *printer).await
        }
        PlanCommand::Disarm { plan } => {
            let plan = find(daemon, &plan).await?;
            set(daemon, plan, Mode::DryRun, *printer).await
        }
        PlanCommand::Remove { plan, confirm } => {
            let plan = find(daemon, &plan).await?.spec.name;
            prompt::confirm(confirm, plan.as_str(), &format!("Plan {plan} is forgotten."))?;
            let words = format!("{plan}: removed");
            daemon.client.call(RemovePlan { plan }).await?;
            if printer.is_json() { print::json("done", &words) } else { print::line(words) }
        }
    }
}

/// A check, and whether a daemon took part in it.
#[derive(Serialize)]
struct Checked {
    daemon: bool,
    #[serde(flatten)]
    check: PlanCheck,
}

/// Looks a plan file over, with the daemon if there is one.
pub(super) async fn check(
    socket: &Path,
    file: &Path,
    printer: Printer,
) -> Result<(), CommandError> {
    match Daemon::connect(socket).await {
        Ok(daemon) => {
            let command = PlanCommand::Check { file: file.to_owned() };
            plan(&daemon, command, &printer).await
        }
        Err(CommandError::NoDaemon(_)) => {
            let file = PlanFile::read(file)?;
            let findings: Vec<Finding> =
                validate(&file.spec).err().map(Finding::from).into_iter().collect();
            let good = findings.is_empty();
            let check =
                PlanCheck { good, hash: String::new(), next_fire: None, accounts: 0, findings };
            checked(&file, &Checked { daemon: false, check }, printer)
        }
        Err(error) => Err(error),
    }
}

fn checked(file: &PlanFile, checked: &Checked, printer: Printer) -> Result<(), CommandError> {
    let check = &checked.check;
    let name = &file.spec.name;
    if printer.is_json() {
        print::json("check", checked)?;
    } else {
        for finding in &check.findings {
            print::line(format!("{} {}", text::weight(finding), file.located(finding)))?;
        }
        if !checked.daemon {
            print::line("no daemon answers: not looked at are instruments, accounts and calendar")?;
        } else if check.good {
            let next = text::next(check.next_fire, None);
            print::line(format!("{name} is good: for {} accounts, next {next}", check.accounts))?;
        }
    }
    if check.good {
        Ok(())
    } else {
        Err(CommandError::Failed(format!("plan {name} would be refused")))
    }
}

async fn put(daemon: &Daemon, file: PlanFile, printer: Printer) -> Result<(), CommandError> {
    // Looked at first: this waits for the brokers' lists, and puts a line to each mistake.
    let check = daemon.client.call(CheckPlan { spec: file.spec.clone() }).await?;
    let errors = check.findings.iter().filter(|found| found.weight == Weight::Error);
    let errors: Vec<String> = errors.map(|found| file.located(found)).collect();
    if !errors.is_empty() {
        return Err(CommandError::Failed(errors.join("; ")));
    }
    let plan = daemon.client.call(PutPlan { spec: file.spec.clone() }).await?;
    said(&plan, printer)?;
    if !printer.is_json() {
        for finding in &plan.findings {
            print::line(format!("{} {}", text::weight(finding), file.located(finding)))?;
        }
    }
    Ok(())
}

async fn diff(daemon: &Daemon, file: &PlanFile, printer: Printer) -> Result<(), CommandError> {
    let name = &file.spec.name;
    let plans = daemon.client.call(ListPlans {}).await?;
    let kept = plans.into_iter().find(|plan| plan.spec.name == *name);
    let old = kept.map(|plan| file::written(&plan.spec)).transpose()?.unwrap_or_default();
    let lines = file::differences(&old, &file::written(&file.spec)?);
    if printer.is_json() {
        print::json("diff", &lines)?;
    } else {
        lines.iter().try_for_each(print::line)?;
    }
    if lines.is_empty() {
        Ok(())
    } else {
        Err(CommandError::Failed(format!("plan {name} differs from the file")))
    }
}

fn show(plan: &PlanView, printer: Printer) -> Result<(), CommandError> {
    if printer.is_json() {
        return print::json("plan", plan);
    }
    text::full(plan).into_iter().try_for_each(print::line)
}

pub(super) async fn find(daemon: &Daemon, name: &str) -> Result<PlanView, CommandError> {
    let wanted: PlanId = name.parse().map_err(|error| CommandError::Usage(format!("{error}")))?;
    let plans = daemon.client.call(ListPlans {}).await?;
    plans.into_iter().find(|plan| plan.spec.name == wanted).ok_or_else(|| {
        CommandError::NotFound(format!("there is no plan {wanted}; muster plan list shows all"))
    })
}

async fn set(
    daemon: &Daemon,
    plan: PlanView,
    mode: Mode,
    printer: Printer,
) -> Result<(), CommandError> {
    let call = ArmPlan { plan: plan.spec.name, mode, hash: plan.hash };
    said(&daemon.client.call(call).await?, printer)
}

fn said(plan: &PlanView, printer: Printer) -> Result<(), CommandError> {
    if printer.is_json() {
        return print::json("plan", plan);
    }
    let next = text::next(plan.next_fire, plan.no_fire_because.as_deref());
    print::line(format!("{} is {}, next {next}", plan.spec.name, plan.mode.words()))?;
    match text::unchanged(plan) {
        Some(words) => print::line(words),
        None => Ok(()),
    }
}
