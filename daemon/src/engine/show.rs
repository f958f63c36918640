//! Replies that grow with the accounts: taken from the model in the loop, encoded beside it, since orders
//! may wait for the loop.

use muster_protocol::frame::{Code, Failure};
use muster_protocol::ids::{RunId, UserId};
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{Request, ShowRun};
use muster_protocol::tally::DailyReport;
use muster_protocol::time::TradingDate;
use serde::Serialize;

use super::Engine;
use super::ask::{Reply, said};
use crate::domain::model::Model;
use crate::domain::muster::{self, Ahead, Shown};
use crate::domain::{person, report, view};

impl Engine {
    /// Answers what is only to be shown.
    pub(super) fn show(&self, request: Request, only: Option<&UserId>, reply: Reply) {
        let (model, now) = (&self.model, self.clock.now());
        match request {
            Request::ListAccounts(_) => beside(view::accounts(model, now, only), reply),
            Request::ListPlans(_) => beside(view::plans(model, now, only), reply),
            Request::ListRuns(_) => {
                let runs = view::runs(model, now).into_iter();
                beside(runs.map(|run| person::run(model, run, only)).collect::<Vec<_>>(), reply);
            }
            Request::Muster(muster) => {
                let ahead = match &muster.plan {
                    Some(plan) => Ahead::of_plan(model, now, plan),
                    None => Ahead::next(model, now),
                };
                let shown = Shown { only, account: muster.account, brief: muster.brief };
                beside(muster::board(model, now, ahead, shown), reply);
            }
            Request::ShowRun(show) => self.show_run(show, only, reply),
            Request::QueryReport(of) => {
                let (daily, date) = (report::daily(model, now, of.date), of.date);
                self.show_report(daily, date.unwrap_or_else(|| now.date()), reply);
            }
            _ => {
                let failure = Failure::new(Code::Internal, "this request shows nothing");
                drop(reply.send(Err(failure)));
            }
        }
    }

    fn show_run(&self, show: ShowRun, only: Option<&UserId>, reply: Reply) {
        if !self.model.is_archived(&show.run) {
            return match run_details(&self.model, &show.run, only) {
                Ok(details) => beside(details, reply),
                Err(failure) => drop(reply.send(Err(failure))),
            };
        }
        let user = only.cloned();
        self.beside_archive(vec![show.run.clone()], only, move |found| {
            let details = found.and_then(|model| run_details(model, &show.run, user.as_ref()));
            drop(reply.send(details.and_then(|details| said(&details))));
        });
    }

    /// The day's archived runs are read first; the rest is as it is now.
    fn show_report(&self, mut daily: DailyReport, date: TradingDate, reply: Reply) {
        let archived = report::archived(&self.model, date);
        if archived.is_empty() {
            return beside(daily, reply);
        }
        self.beside_archive(archived.clone(), None, move |found| {
            let told = found.and_then(|model| {
                daily.runs.extend(archived.iter().filter_map(|run| report::of_run(model, run)));
                daily.runs.sort_by(|one, other| one.id.cmp(&other.id));
                said(&daily)
            });
            drop(reply.send(told));
        });
    }
}

/// A run and its orders, by the model that knows them: the live one, or what was read from the archive.
fn run_details(model: &Model, id: &RunId, only: Option<&UserId>) -> Result<RunDetails, Failure> {
    let Some(run) = view::run(model, id) else {
        let why = format!("there is no run {id}; see `muster run list`");
        return Err(Failure::new(Code::NotFound, why));
    };
    let intents = model.intents_of(id).filter_map(|(id, _)| view::intent(model, id));
    let mine = intents.filter(|intent| only.is_none_or(|user| intent.user == *user));
    Ok(RunDetails { run: person::run(model, run, only), intents: mine.collect() })
}

fn beside<T: Serialize + Send + 'static>(shown: T, reply: Reply) {
    tokio::task::spawn_blocking(move || {
        // The peer may have gone.
        drop(reply.send(said(&shown)));
    });
}
