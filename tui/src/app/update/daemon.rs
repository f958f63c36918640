//! What the daemon says: the connection's news, and answers to requests.

use muster_protocol::event::Delta;
use muster_protocol::reply::Role;
use muster_protocol::status::StatusView;
use muster_protocol::time::SECOND;

use crate::app::effect::Effect;
use crate::app::model::{ANSWER_MS, ExchangeClock, Link, Model, Pending, Purpose, UNDO_MS, Undo};
use crate::app::msg::{Answer, CallId, LinkNews, Notice};
use crate::app::screens::runs::board;
use crate::app::screens::{connect, system};

/// Takes news of the connection.
pub(super) fn on_news(model: &mut Model, news: LinkNews) -> Vec<Effect> {
    match news {
        LinkNews::Connecting => model.link = Link::Connecting,
        LinkNews::Connected(welcome) => {
            if welcome.build != env!("CARGO_PKG_VERSION") {
                let ours = env!("CARGO_PKG_VERSION");
                model.say(Notice::bad(format!(
                    "the daemon is version {}, this client {ours}: update the older one",
                    welcome.build
                )));
            }
            model.clock = Some(ExchangeClock { said: welcome.now, heard: model.local });
            model.world.hears_all = !matches!(welcome.role, Role::User { .. });
            model.welcome = Some(welcome);
            system::connected(model);
            board::connected(model);
        }
        LinkNews::Snapshot(snapshot) => {
            model.link = Link::Live;
            hear(model, &snapshot.status);
            model.world.replace(*snapshot);
            return connect::snapshot_came(model);
        }
        LinkNews::Deltas(deltas) => {
            model.heard = Some(model.local);
            for delta in deltas {
                if let Delta::Status(status) = &delta {
                    hear(model, status);
                }
                model.world.apply(delta);
            }
            return connect::check_moved(model);
        }
        LinkNews::Lost(lost) => {
            let retry_at = model.local.plus(lost.retry_in_ms);
            model.link = Link::Lost { lost, retry_at };
        }
    }
    Vec::new()
}

/// Takes an answer; one nobody waits for any more is ignored.
pub(super) fn on_reply(
    model: &mut Model,
    id: CallId,
    answer: Result<Answer, String>,
) -> Vec<Effect> {
    let Some(pending) = model.pending.remove(&id) else { return Vec::new() };
    match (answer, pending.purpose) {
        (Ok(Answer::House(house)), _) => system::told(model, Ok(*house)),
        (Err(why), Purpose::House) => system::told(model, Err(why)),
        (Ok(Answer::Muster { plan, one, board }), _) => board::told(model, plan, one, *board),
        (Err(why), Purpose::Muster) => board::refused(model, why),
        (Ok(Answer::Ticket(ticket)), Purpose::Ticket) => return connect::began(model, &ticket),
        (Err(why), Purpose::Ticket) => {
            connect::refused(model, &why);
            model.say(Notice::bad(why));
        }
        (Err(why), Purpose::Plain) => model.say(Notice::bad(why)),
        (Ok(Answer::Run(details)), _) => {
            for intent in details.intents {
                model.world.apply(Delta::Intent(Box::new(intent)));
            }
            model.world.apply(Delta::Run(details.run));
        }
        (Ok(Answer::Touched(touched)), _) => {
            let count = touched.accounts.len();
            let until = model.local.plus(UNDO_MS);
            let undo = pending.undo.filter(|_| count > 0);
            model.undo = undo.map(|ask| Undo { ask, until }).or_else(|| model.undo.take());
            let hint = model.undo.as_ref().filter(|undo| undo.until == until);
            let hint = hint.map_or("", |_| " · u takes it back (10 s)");
            model.say(match count {
                0 => Notice::bad("no account was touched"),
                1 => Notice::good(format!("{}{hint}", pending.done)),
                n => Notice::good(format!("{}: {n} accounts{hint}", pending.done)),
            });
        }
        (Ok(_), _) if !pending.done.is_empty() => model.say(Notice::good(pending.done)),
        (Ok(_), _) => {}
    }
    Vec::new()
}

/// Gives up what was not answered in time: the daemon hangs, or has forgotten it.
pub(super) fn give_up(model: &mut Model) {
    let late = |pending: &Pending| model.local.since(pending.at) >= ANSWER_MS;
    let late: Vec<CallId> =
        model.pending.iter().filter(|(_, pending)| late(pending)).map(|(id, _)| *id).collect();
    for id in late {
        let seconds = ANSWER_MS / SECOND;
        let why = format!("no answer in {seconds} s; it may be done all the same: look first");
        // A refusal asks for nothing more.
        drop(on_reply(model, id, Err(why)));
    }
}

/// Stops waiting for what a person asked for; true if anything was waited for.
pub(super) fn stop_waiting(model: &mut Model) -> bool {
    let waited = model.pending.len();
    model.pending.retain(|_, pending| pending.purpose != Purpose::Plain || pending.done.is_empty());
    let stopped = model.pending.len() < waited;
    if stopped {
        model.say(Notice::bad("not waited for any more; it may be done all the same"));
    }
    stopped
}

fn hear(model: &mut Model, status: &StatusView) {
    model.heard = Some(model.local);
    model.clock = Some(ExchangeClock { said: status.now, heard: model.local });
}
