//! Replies that grow with the accounts: taken from the model in the loop, encoded beside it, since orders
//! may wait for the loop.

use muster_protocol::frame::{Code, Failure};
use muster_protocol::ids::UserId;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{Request, ShowRun};
use serde::Serialize;

use super::Engine;
use super::ask::{Reply, to_value};
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
            Request::ShowRun(show) => match self.run_details(&show, only) {
                Ok(details) => beside(details, reply),
                Err(failure) => drop(reply.send(Err(failure))),
            },
            Request::QueryReport(of) => beside(report::daily(model, now, of.date), reply),
            _ => {
                let failure = Failure::new(Code::Internal, "this request shows nothing");
                drop(reply.send(Err(failure)));
            }
        }
    }

    fn run_details(&self, show: &ShowRun, only: Option<&UserId>) -> Result<RunDetails, Failure> {
        let Some(run) = view::run(&self.model, &show.run) else {
            let why = format!("there is no run {}; see `muster run list`", show.run);
            return Err(Failure::new(Code::NotFound, why));
        };
        let intents = self.model.intents_of(&show.run);
        let intents = intents.filter_map(|(id, _)| view::intent(&self.model, id));
        let mine = intents.filter(|intent| only.is_none_or(|user| intent.user == *user));
        Ok(RunDetails { run: person::run(&self.model, run, only), intents: mine.collect() })
    }
}

fn beside<T: Serialize + Send + 'static>(shown: T, reply: Reply) {
    tokio::task::spawn_blocking(move || {
        // The peer may have gone.
        drop(reply.send(to_value(&shown)));
    });
}
