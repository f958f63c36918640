//! Place, modify and cancel behind the address gate; the books behind none.

use serde_json::{Map, Value, json};

use super::{BROKER, check_source, refused, rows, success, text, went_wrong};
use crate::sandbox::exchange::check::{Numbers, Objection, check};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::exchange::order::{Order, Pricing, Side, Stage, Wanted};
use crate::sandbox::net::message::Reply;
use crate::sandbox::rules::CancelChecks;
use crate::sandbox::world::Call;

pub(super) fn place(call: &mut Call<'_>) -> Reply {
    if let Err(refusal) = check_source(call) {
        return refusal;
    }
    let Some(body) = call.request.json() else { return went_wrong() };
    let wanted = match read(call, &body) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let ltp = call.state.market.ltp(&wanted.exchange, wanted.token).unwrap_or_default();
    let cost = wanted.cost(ltp);
    let (free, _) = call.state.funds(BROKER, &call.account, call.now);
    let (now, symbol) = (call.now, wanted.symbol.clone());
    let mut objection = rejected_later(call, &wanted);
    if cost > free {
        objection = Some(format!(
            "Your order has been rejected due to Insufficient Funds. Available funds - Rs. {free} . \
             You require Rs. {cost} funds to execute this order."
        ));
    }
    let order = call.state.book.accept(wanted, now, &mut call.state.random);
    if objection.is_some() {
        order.message = objection;
        order.enter(Stage::Rejected, now);
    }
    success(&json!({ "script": symbol, "orderid": order.id, "uniqueorderid": order.unique_id }))
}

pub(super) fn modify(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    change(call, &body, |order| {
        let price = text(&body, "price").parse::<Paise>();
        let trigger = text(&body, "triggerprice").parse::<Paise>();
        let quantity = text(&body, "quantity").parse::<u64>().ok().filter(|&units| units > 0);
        let pricing = pricing(&text(&body, "ordertype"));
        let wanted = &mut order.wanted;
        wanted.price = price.unwrap_or(wanted.price);
        wanted.trigger = trigger.unwrap_or(wanted.trigger);
        wanted.quantity = quantity.unwrap_or(wanted.quantity);
        wanted.pricing = pricing.unwrap_or(wanted.pricing);
        order.modified = true;
    })
}

pub(super) fn cancel(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let now = call.now;
    change(call, &body, |order| order.enter(Stage::Cancelled, now))
}

/// The address and the order id in the order the rules say, then the change itself.
fn change(call: &mut Call<'_>, body: &Map<String, Value>, apply: impl FnOnce(&mut Order)) -> Reply {
    let id = text(body, "orderid");
    let source = check_source(call);
    let ip_first = call.state.rules.cancel_checks == CancelChecks::IpFirst;
    let found = call.state.book.find(BROKER, &call.account, &id, call.now);
    let order = match (source, found) {
        (Err(refusal), found) if ip_first || found.is_some() => return refusal,
        (_, None) => return refused("AB1013", "Order not found"),
        (_, Some(order)) => order,
    };
    if order.stage.is_terminal() {
        return refused("AB1007", &format!("Order cannot be changed, it is {}", order.word()));
    }
    apply(order);
    success(&json!({ "orderid": order.id, "uniqueorderid": order.unique_id }))
}

/// Reads and checks an order; the refusals are the service's.
fn read(call: &Call<'_>, body: &Map<String, Value>) -> Result<Wanted, Reply> {
    let field = |key: &str| text(body, key);
    let one_of = |key: &str, words: &[&str], code: &str, what: &str| {
        let word = field(key);
        let known = words.contains(&word.as_str());
        if known { Ok(word) } else { Err(refused(code, what)) }
    };
    let variety = one_of("variety", VARIETIES, "AB1008", "Invalid Order Variety")?;
    if variety == "ROBO" {
        return Err(refused("AB2002", "ROBO order is block"));
    }
    let product = one_of("producttype", PRODUCTS, "AB1012", "Invalid Product Type")?;
    let validity = one_of("duration", &["DAY", "IOC"], "AB1007", "Invalid duration")?;
    let tag = field("ordertag");
    if tag.chars().count() >= TAG_LIMIT {
        return Err(refused("AB4008", "ordertag length should be less than 20 characters"));
    }
    let (exchange, symbol) = (field("exchange"), field("tradingsymbol"));
    let instrument = call.state.market.by_angel(&exchange, &symbol);
    let known = instrument.filter(|row| row.token.to_string() == field("symboltoken"));
    let instrument = known.ok_or_else(|| refused("AB1009", "Symbol Not Found"))?;
    let side = Side::parse(&field("transactiontype"));
    let side = side.ok_or_else(|| refused("AB1007", "Invalid transaction type"))?;
    let order_type = field("ordertype");
    let pricing = pricing(&order_type).ok_or_else(|| refused("AB1007", "Invalid order type"))?;
    let quantity = field("quantity").parse().unwrap_or_default();
    let price: Paise = field("price").parse().unwrap_or_default();
    if matches!(pricing, Pricing::Limit | Pricing::StopLimit) && price <= Paise::ZERO {
        return Err(refused("AB1007", "Invalid price"));
    }
    let trigger = field("triggerprice").parse().unwrap_or_default();
    check(instrument, Numbers { quantity, price, trigger }).or_else(refused_at_once)?;
    let consent = field("scripconsent") == "yes";
    if !consent && call.state.rules.cautionary.contains(&symbol) {
        return Err(refused("AB4036", CAUTION));
    }
    Ok(Wanted {
        broker: BROKER,
        account: call.account.clone(),
        exchange,
        symbol,
        token: instrument.token,
        side,
        quantity,
        price,
        trigger,
        pricing,
        order_type,
        product,
        validity,
        variety,
        tags: Some(tag).filter(|tag| !tag.is_empty()).into_iter().collect(),
        source_ip: call.request.source_ip(),
    })
}

/// What the service itself refuses. The rest comes later, as a rejection in the book.
/// Only the words for a price out of range have been seen; they came without a code.
fn refused_at_once(objection: Objection) -> Result<(), Reply> {
    match objection {
        Objection::Lot => Err(refused("AB1007", "Invalid quantity")),
        Objection::TooLow(_) | Objection::TooHigh(_) => Err(refused(
            "",
            "Order price is beyond the Limit Price Protection range. Kindly place the order \
             within the range.",
        )),
        Objection::PriceTick(_) | Objection::TriggerTick(_) | Objection::Freeze(_) => Ok(()),
    }
}

/// What the exchange rejects, in words that are a guess.
fn rejected_later(call: &Call<'_>, wanted: &Wanted) -> Option<String> {
    let row = call.state.market.row(&wanted.exchange, wanted.token)?;
    let Wanted { quantity, price, trigger, .. } = *wanted;
    match check(row, Numbers { quantity, price, trigger }).err()? {
        Objection::PriceTick(_) | Objection::TriggerTick(_) => {
            Some("16283 : The order price is not multiple of the tick size.".to_owned())
        }
        Objection::Freeze(most) => {
            Some(format!("RMS:Rule: Check freeze qty, Current:{quantity}, limit set:{most}"))
        }
        Objection::Lot | Objection::TooLow(_) | Objection::TooHigh(_) => None,
    }
}

pub(super) fn book(call: &mut Call<'_>) -> Reply {
    let orders = call.state.book.today(BROKER, &call.account, call.now);
    let market = &call.state.market;
    success(&array_or_null(orders.map(|order| rows::order(order, market)).collect()))
}

pub(super) fn details(call: &mut Call<'_>) -> Reply {
    let id = call.captures.first().cloned().unwrap_or_default();
    let mut orders = call.state.book.today(BROKER, &call.account, call.now);
    match orders.find(|order| order.unique_id == id) {
        Some(order) => success(&rows::order(order, &call.state.market)),
        None => refused("AB1013", "Order not found"),
    }
}

pub(super) fn trades(call: &mut Call<'_>) -> Reply {
    let orders = call.state.book.today(BROKER, &call.account, call.now);
    let filled = orders.filter(|order| order.filled > 0);
    let market = &call.state.market;
    success(&array_or_null(filled.map(|order| rows::trade(order, market)).collect()))
}

/// An empty book is null here, not an empty list.
pub(super) fn array_or_null(rows: Vec<Value>) -> Value {
    if rows.is_empty() { Value::Null } else { Value::Array(rows) }
}

fn pricing(word: &str) -> Option<Pricing> {
    match word {
        "MARKET" => Some(Pricing::Market),
        "LIMIT" => Some(Pricing::Limit),
        "STOPLOSS_LIMIT" => Some(Pricing::StopLimit),
        "STOPLOSS_MARKET" => Some(Pricing::StopMarket),
        _ => None,
    }
}

const VARIETIES: &[&str] = &["NORMAL", "STOPLOSS", "ROBO", "AMO"];
const PRODUCTS: &[&str] = &["DELIVERY", "CARRYFORWARD", "MARGIN", "INTRADAY", "BO"];
/// The code is reported, its words are a guess.
const CAUTION: &str = "The scrip is on the exchange's cautionary list. Please give your consent to \
                       place the order.";
const TAG_LIMIT: usize = 20;
