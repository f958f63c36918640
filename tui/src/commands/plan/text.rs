//! A plan in words.

use muster_protocol::order::Leg;
use muster_protocol::plan::{Finding, PlanSpec, PlanView, Weight};
use muster_protocol::time::Timestamp;

/// A line of the list.
pub(super) fn row(plan: &PlanView) -> Vec<String> {
    let spec = &plan.spec;
    vec![
        spec.name.to_string(),
        plan.mode.words().to_owned(),
        spec.at.to_string(),
        spec.windows().to_string(),
        next(plan.next_fire, plan.no_fire_because.as_deref()),
        takers(spec),
        legs(&spec.ordered_legs()),
    ]
}

/// When it fires next, or why not.
pub(super) fn next(at: Option<Timestamp>, why: Option<&str>) -> String {
    match (at, why) {
        (Some(at), _) => at.day_clock(),
        (None, Some(why)) => format!("none: {why}"),
        (None, None) => "none".to_owned(),
    }
}

/// That a run goes on as it was, if one does.
pub(super) fn unchanged(plan: &PlanView) -> Option<String> {
    let run = plan.unchanged_run.as_ref()?;
    Some(format!("{run} is frozen and goes on as it was; the change is for the next firing"))
}

/// What arming it means.
pub(in crate::commands) fn arming(spec: &PlanSpec) -> String {
    format!("Send {} for {}, for real.", legs(&spec.ordered_legs()), takers(spec))
}

/// `error:` or `warning:`.
pub(super) const fn weight(finding: &Finding) -> &'static str {
    match finding.weight {
        Weight::Error => "error:",
        Weight::Warning => "warning:",
    }
}

fn legs(legs: &[Leg]) -> String {
    legs.iter().map(Leg::words).collect::<Vec<_>>().join(", ")
}

fn takers(spec: &PlanSpec) -> String {
    let mut words = match spec.multiplier {
        1 => spec.accounts.words(),
        times => format!("{} x{times}", spec.accounts.words()),
    };
    if !spec.shares.is_empty() {
        words = format!("{words}, {} with shares of their own", spec.shares.len());
    }
    words
}

/// Everything there is to know of a plan.
pub(super) fn full(plan: &PlanView) -> Vec<String> {
    let spec = &plan.spec;
    let days: Vec<String> =
        spec.weekdays.iter().map(|day| format!("{day:?}").to_lowercase()).collect();
    let special = if spec.special_sessions { ", and in special sessions" } else { "" };
    let mut rows = vec![
        ("plan", format!("{}, {}", spec.name, plan.mode.words())),
        ("at", format!("{}, until {}", spec.at, spec.windows())),
        ("on", format!("{}{special}", days.join(" "))),
        ("next", next(plan.next_fire, plan.no_fire_because.as_deref())),
        ("accounts", spec.accounts.words()),
        ("multiplier", spec.multiplier.to_string()),
        ("caps", caps(&spec.caps.words())),
    ];
    rows.extend(spec.shares.iter().map(|share| {
        let times = share.multiplier.map(|times| format!(", multiplier {times}"));
        let own = share.caps.words();
        let own = if own.is_empty() { own } else { format!(", {own}") };
        ("share", format!("{}{}{own}", share.accounts.words(), times.unwrap_or_default()))
    }));
    rows.push(("order", if spec.sells_first { "sells first" } else { "as written" }.to_owned()));
    rows.push(("in doubt", spec.ambiguity.words().to_owned()));
    rows.extend(spec.ordered_legs().iter().map(|leg| {
        let words = format!("{}, {}, {}", leg.words(), leg.product.words(), leg.validity.code());
        ("leg", words)
    }));
    rows.push(("hash", plan.hash.clone()));
    rows.extend(unchanged(plan).map(|words| ("run", words)));
    rows.extend(plan.findings.iter().map(|found| (weight(found), found.words())));
    rows.into_iter().map(|(label, value)| format!("{label:<11} {value}")).collect()
}

fn caps(words: &str) -> String {
    if words.is_empty() { "none".to_owned() } else { format!("{words}, for each account and run") }
}
