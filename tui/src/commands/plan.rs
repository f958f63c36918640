//! `muster plan`.

use std::path::Path;

use muster_protocol::ids::PlanId;
use muster_protocol::plan::{Mode, PlanSpec, PlanView};
use muster_protocol::request::{ArmPlan, ListPlans, PutPlan};

use super::{CommandError, Daemon, print, print::Printer, prompt};
use crate::cli::PlanCommand;

/// The longest plan file, in bytes.
const MOST: u64 = 256 * 1024;

/// Lists, puts, arms, disarms.
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
            let rows: Vec<_> = plans.iter().map(row).collect();
            print::table(&["PLAN", "MODE", "AT", "UNTIL", "NEXT", "LEGS"], &rows)
        }
        PlanCommand::Put { file } => {
            let spec = read(&file)?;
            let plan = daemon.client.call(PutPlan { spec }).await?;
            said(&plan, *printer)
        }
        PlanCommand::Arm { plan, confirm } => {
            let plan = find(daemon, &plan).await?;
            let name = plan.spec.name.to_string();
            let legs: Vec<_> =
                plan.spec.legs.iter().map(muster_protocol::order::Leg::words).collect();
            let question = format!("Send {} for every fit account, for real.", legs.join(", "));
            prompt::confirm(confirm, &name, &question)?;
            set(daemon, plan, Mode::Live, *printer).await
        }
        PlanCommand::Disarm { plan } => {
            let plan = find(daemon, &plan).await?;
            set(daemon, plan, Mode::DryRun, *printer).await
        }
    }
}

fn row(plan: &PlanView) -> Vec<String> {
    let next = match (plan.next_fire, &plan.no_fire_because) {
        (Some(at), _) => at.day_clock(),
        (None, Some(why)) => format!("none: {why}"),
        (None, None) => "none".to_owned(),
    };
    let legs: Vec<_> = plan.spec.legs.iter().map(muster_protocol::order::Leg::words).collect();
    vec![
        plan.spec.name.to_string(),
        plan.mode.words().to_owned(),
        plan.spec.at.to_string(),
        plan.spec.windows().to_string(),
        next,
        legs.join(", "),
    ]
}

async fn find(daemon: &Daemon, name: &str) -> Result<PlanView, CommandError> {
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
    print::line(format!("{} is {}, next {}", plan.spec.name, plan.mode.words(), {
        plan.next_fire
            .map_or_else(|| "none".to_owned(), muster_protocol::time::Timestamp::day_clock)
    }))
}

fn read(file: &Path) -> Result<PlanSpec, CommandError> {
    let name = file.display().to_string();
    let size = std::fs::metadata(file).map_err(|error| CommandError::io(&name, error))?.len();
    if size > MOST {
        return Err(CommandError::Usage(format!("{name} is too long to be a plan")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| CommandError::io(&name, error))?;
    toml::from_str(&text).map_err(|error| CommandError::Usage(format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_file_is_read_and_a_mistake_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("btst.toml");
        let good = r#"
            name = "btst"
            at = "15:10"
            [[legs]]
            exchange = "NSE"
            symbol = "SBIN"
            side = "BUY"
            quantity = 20
            product = "delivery"
            price = { rule = "limit", price = 84215 }
        "#;
        std::fs::write(&path, good).unwrap();
        assert_eq!(read(&path).unwrap().legs.len(), 1);
        std::fs::write(&path, good.replace("quantity = 20", "quantity = 0")).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("at least 1"), "{error}");
    }
}
