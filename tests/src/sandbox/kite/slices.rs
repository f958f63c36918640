//! Orders above the freeze quantity that Kite cuts into slices by itself (`autoslice`): each an order of
//! its own, without the client's tag. The two forms of the answer are documented, and contradict.

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{BROKER, bad_input, success};
use crate::sandbox::exchange::check::freeze;
use crate::sandbox::exchange::order::Wanted;
use crate::sandbox::net::message::{Pairs, Reply};
use crate::sandbox::rules::SliceReply;
use crate::sandbox::world::Call;

/// Whether the form asks for slices.
pub(super) fn asked(form: &Pairs) -> bool {
    form.get("autoslice") == Some("true")
}

/// Places what is wanted in slices, each with its own outcome.
pub(super) fn place(call: &mut Call<'_>, wanted: &Wanted, release: Option<Timestamp>) -> Reply {
    let row = call.state.market.row(&wanted.exchange, wanted.token);
    let (most, lot) = row.map_or((SHARES, 1), |row| (freeze(row).unwrap_or(SHARES), row.lot));
    if wanted.quantity <= most {
        let least = most.saturating_add(u64::from(lot));
        let text =
            format!("Quantity should be greater than or equal to {least} for order slicing.");
        return bad_input(&text);
    }
    let slices = wanted.quantity.div_ceil(most);
    if slices > SLICES {
        // That there are no more is documented, the words are not.
        return bad_input(&format!("Quantity needs more than {SLICES} slices."));
    }
    // A neighbour of the slices' numbers (published); that it is in no book is a guess.
    let parent = call.state.book.parent_id(call.now);
    let mut left = wanted.quantity;
    let mut children = Vec::new();
    while left > 0 {
        let mut slice = wanted.clone();
        slice.quantity = left.min(most);
        left = left.saturating_sub(most);
        slice.tags.retain(|tag| tag.starts_with("mktp"));
        slice.tags.extend(["autoslice".to_owned(), format!("autoslice:{parent}")]);
        children.push(child(call, slice, release));
    }
    match call.state.rules.slice_reply {
        SliceReply::Nested => success(&json!({ "order_id": parent, "children": children })),
        SliceReply::Flat => success(&Value::Array(children)),
    }
}

/// One slice: its number, or why there is none.
fn child(call: &mut Call<'_>, slice: Wanted, release: Option<Timestamp>) -> Value {
    let ltp = call.state.market.ltp(&slice.exchange, slice.token).unwrap_or_default();
    let cost = slice.cost(ltp);
    let (free, _) = call.state.funds(BROKER, &call.account, call.now);
    if cost > free {
        let code = StatusCode::BAD_REQUEST.as_u16();
        let message = super::place::no_funds(cost, free);
        let error = json!({ "code": code, "error_type": "MarginException", "message": message,
                            "data": null });
        return json!({ "error": error });
    }
    let order = call.state.book.accept(slice, call.now, &mut call.state.random);
    if let Some(release) = release {
        order.keep_for(release);
    }
    json!({ "order_id": order.id })
}

const SLICES: u64 = 10;
/// Shares have no freeze quantity here; a guess of the right size.
const SHARES: u64 = 100_000;
