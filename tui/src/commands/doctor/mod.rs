//! `muster doctor`: gathers what can be seen, says what is wrong, and what to do about each.

mod diagnose;
mod look;
mod machine;

use std::path::Path;

use serde::Serialize;

use super::{CommandError, Daemon, print, print::Printer};
use crate::cli::DoctorArgs;
use crate::text;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// Does not apply here.
    Skipped,
    /// Good.
    Ok,
    /// Not yet in the way of a run.
    Warn,
    /// In the way of a run, or of getting over the next mishap.
    Fail,
}

impl Verdict {
    const fn words(self) -> &'static str {
        match self {
            Self::Skipped => "--",
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    verdict: Verdict,
    about: &'static str,
    says: String,
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn ok(about: &'static str, says: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, about, says: says.into(), remedy: None }
    }

    fn skipped(about: &'static str, says: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, about, says: says.into(), remedy: None }
    }

    fn warn(about: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, about, says: says.into(), remedy: Some(remedy.into()) }
    }

    fn fail(about: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, about, says: says.into(), remedy: Some(remedy.into()) }
    }
}

/// All of it, as JSON.
#[derive(Serialize)]
struct Report {
    verdict: Verdict,
    findings: Vec<Finding>,
}

/// Says what is wrong; fails if something is in the way of a run.
pub(super) async fn doctor(
    socket: &Path,
    args: &DoctorArgs,
    printer: Printer,
) -> Result<(), CommandError> {
    let mut findings = Vec::new();
    let mut gone = None;
    let begun = tokio::time::Instant::now();
    match Daemon::connect(socket).await {
        Ok(daemon) => {
            let seen = look::look(&daemon, begun).await?;
            let place = socket.display().to_string();
            findings.extend(diagnose::diagnose(&seen, &place, args.backup_days));
        }
        Err(error) => {
            let remedy =
                "is musterd running? systemctl status musterd.service; journalctl -u musterd";
            findings.push(Finding::fail("socket", error.to_string(), remedy));
            gone = Some(error);
        }
    }
    findings.extend(machine::examine(&args.config).await);
    let worst = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok);
    let failed = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).count();
    show(&Report { verdict: worst, findings }, printer)?;
    match (gone, failed) {
        (Some(error), _) => Err(error),
        (None, 0) => Ok(()),
        (None, 1) => Err(CommandError::Failed("1 thing is in the way of a run".to_owned())),
        (None, n) => Err(CommandError::Failed(format!("{n} things are in the way of a run"))),
    }
}

fn show(report: &Report, printer: Printer) -> Result<(), CommandError> {
    if printer.is_json() {
        return print::json("doctor", report);
    }
    for finding in &report.findings {
        let (word, about) = (finding.verdict.words(), finding.about);
        print::line(format!("{word:<4}  {about:<9} {}", text::scrub(&finding.says)))?;
        if let Some(remedy) = &finding.remedy {
            print::line(format!("{:15} -> {remedy}", ""))?;
        }
    }
    Ok(())
}
