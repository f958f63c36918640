//! The word a person gives the depository before shares are sold: asked for by the client,
//! given in the browser, good until the evening.

use serde_json::json;

use super::{BROKER, bad_input, success};
use crate::sandbox::exchange::clock::{ist, next_hour_of_day};
use crate::sandbox::net::message::Reply;
use crate::sandbox::random::MIXED;
use crate::sandbox::world::Call;

pub(super) fn request(call: &mut Call<'_>) -> Reply {
    let id = call.state.random.text("", MIXED, 32);
    let now = call.now;
    if let Some(account) = call.broker_account(BROKER) {
        account.authorisation = Some(id.clone());
        account.authorised_until = account.authorised_until.filter(|until| now < *until);
    }
    success(&json!({ "request_id": id }))
}

/// Opening the page is consenting here; the real one asks for the depository's PIN and a code.
pub(super) fn page(call: &mut Call<'_>) -> Reply {
    let (key, id) = (call.captures.first().cloned(), call.captures.get(1).cloned());
    let owner = call.state.account_by_key(BROKER, &key.unwrap_or_default());
    let asked = owner.filter(|owner| owner.authorisation == id).map(|owner| owner.id.clone());
    let Some(account) = asked.and_then(|user| call.state.account(BROKER, &user)) else {
        return bad_input("Invalid `request_id`.");
    };
    account.authorisation = None;
    account.authorised_until = Some(half_past_five(call.now));
    Reply::redirect("/connect/portfolio/authorise/holdings/finish?status=success".to_owned())
}

fn half_past_five(now: jiff::Timestamp) -> jiff::Timestamp {
    let half_an_hour = jiff::SignedDuration::from_mins(30);
    let five = next_hour_of_day(now, 17);
    let today = ist(five).date() == ist(now).date();
    if today { five.checked_add(half_an_hour).unwrap_or(five) } else { five }
}
