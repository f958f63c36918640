//! What a person who is held to their own accounts sees of what is everybody's: nobody else's name,
//! account, label or count.

use std::collections::BTreeSet;

use muster_protocol::halt::HaltScope;
use muster_protocol::ids::{AccountId, Label, UserId};
use muster_protocol::plan::{PlanView, Takers};
use muster_protocol::run::RunView;
use muster_protocol::status::StatusView;

use super::model::Model;

/// The daemon's state: halts of others are not there, and others' accounts are not counted.
pub fn status(model: &Model, mut view: StatusView, only: Option<&UserId>) -> StatusView {
    let Some(user) = only else { return view };
    view.halts.retain(|halt| match halt {
        HaltScope::User(other) => other == user,
        HaltScope::All | HaltScope::Plan(_) => true,
    });
    for egress in &mut view.egress {
        let using = model.accounts_of(only).filter(|(_, a)| a.identity.egress == egress.name);
        egress.accounts = u32::try_from(using.count()).unwrap_or(u32::MAX);
    }
    view
}

/// A run: only the person's own orders are counted.
pub fn run(model: &Model, mut view: RunView, only: Option<&UserId>) -> RunView {
    let Some(user) = only else { return view };
    view.left_out.retain(|out| out.user == *user);
    let mine: Vec<AccountId> = model.accounts_of(only).map(|(id, _)| id).collect();
    let intents = mine.iter().flat_map(|id| model.legs_of(&view.id, *id));
    view.counts = intents.map(|(_, intent)| intent.status()).collect();
    let kept = model.runs.get(&view.id);
    let parts = mine.iter().filter(|id| kept.is_some_and(|run| run.part(**id).is_some()));
    view.accounts = u32::try_from(parts.count()).unwrap_or(u32::MAX);
    let tally = kept.and_then(|run| run.tally());
    view.tally = tally.map(|tally| tally.lines.iter().filter(|line| line.user == *user).collect());
    view
}

/// A plan: of those it is for, only the person's own accounts and labels.
pub fn plan(model: &Model, mut view: PlanView, only: Option<&UserId>) -> PlanView {
    if only.is_none() {
        return view;
    }
    let ids: BTreeSet<AccountId> = model.accounts_of(only).map(|(id, _)| id).collect();
    let labels: BTreeSet<&Label> = model.accounts_of(only).flat_map(|(_, a)| &a.labels).collect();
    own(&mut view.spec.accounts, &ids, &labels);
    for share in &mut view.spec.shares {
        own(&mut share.accounts, &ids, &labels);
    }
    view.spec.shares.retain(|share| !is_nobody(&share.accounts));
    // They speak of accounts by name.
    view.findings.clear();
    view
}

fn own(takers: &mut Takers, ids: &BTreeSet<AccountId>, labels: &BTreeSet<&Label>) {
    match takers {
        Takers::All => {}
        Takers::Ids(named) => named.retain(|id| ids.contains(id)),
        Takers::Labels(named) => named.retain(|label| labels.contains(label)),
    }
}

const fn is_nobody(takers: &Takers) -> bool {
    match takers {
        Takers::All => false,
        Takers::Ids(named) => named.is_empty(),
        Takers::Labels(named) => named.is_empty(),
    }
}
