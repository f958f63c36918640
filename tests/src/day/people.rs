//! Who takes part in the demo, and what is wrong with some of them.

use muster_protocol::ids::UserId;

use crate::harness::{Person, World};
use crate::sandbox::{AccountFields, Broker, KiteAccount};

/// The people, Angel One's first.
pub(super) const NAMES: [&str; 9] = [
    "asha.k", "bharat.m", "esha.v", "gita.p", "ivan.t", "chitra.r", "deepak.s", "farhan.a",
    "hema.n",
];
/// At Angel One: the address was taken off the list over the weekend.
const NOT_REGISTERED: usize = 1;
/// At Angel One: the authenticator was set up anew, and nobody told the daemon.
const WRONG_TOTP: usize = 2;
/// At Zerodha: has not opened today's login link.
pub(super) const NOT_LOGGED_IN: &str = "deepak.s";
/// At Zerodha: has not enough money for every leg.
const POOR: &str = "hema.n";

/// Everybody with the account they have at the sandbox.
pub(super) fn everybody(world: &World) -> anyhow::Result<Vec<Person>> {
    let people = world.people()?.into_iter().zip(NAMES);
    people
        .map(|(person, name)| {
            let user: UserId = name.parse()?;
            Ok(match person {
                Person::AngelOne(_, account) => Person::AngelOne(user, account),
                Person::Zerodha(_, account) => Person::Zerodha(user, account),
            })
        })
        .collect()
}

/// Those at Zerodha.
pub(super) fn at_zerodha(world: &World) -> anyhow::Result<Vec<(String, KiteAccount)>> {
    let people = everybody(world)?.into_iter();
    Ok(people
        .filter_map(|person| match person {
            Person::Zerodha(user, account) => Some((user.as_str().to_owned(), account)),
            Person::AngelOne(..) => None,
        })
        .collect())
}

/// What happened since they were connected.
pub(super) fn trouble(world: &World) -> anyhow::Result<()> {
    let angel = world.sandbox.summary().angel_one.accounts;
    if let Some(account) = angel.get(NOT_REGISTERED) {
        let elsewhere = vec!["203.0.113.9".parse()?];
        world.sandbox.set_allowed_ips(Broker::AngelOne, &account.client_code, elsewhere);
    }
    if let Some(account) = angel.get(WRONG_TOTP) {
        let totp_secret = Some("CANARYCANARYCANARYCANARY22".to_owned());
        let fields = AccountFields { totp_secret, ..AccountFields::default() };
        world.sandbox.change_account(Broker::AngelOne, &account.client_code, fields);
    }
    if let Some((_, account)) = at_zerodha(world)?.into_iter().find(|(user, _)| user == POOR) {
        let fields =
            AccountFields { funds: Some("17000.00".to_owned()), ..AccountFields::default() };
        world.sandbox.change_account(Broker::Kite, &account.user_id, fields);
    }
    Ok(())
}
