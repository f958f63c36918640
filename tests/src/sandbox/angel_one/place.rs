//! Placing an order: what a body must hold, what is refused at once and what only in the book,
//! and what is kept for the next day.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{BROKER, check_source, refused, success, text, went_wrong};
use crate::sandbox::exchange::check::{Numbers, Objection, check};
use crate::sandbox::exchange::hours::{self, Phase};
use crate::sandbox::exchange::market::{Instrument, Kind, Underlying};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::exchange::order::{PlacedBy, Pricing, Side, Wanted};
use crate::sandbox::net::message::Reply;
use crate::sandbox::rules::AngelMarket;
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
    let (mut objection, release) = rejected_later(call, &wanted);
    if cost > free {
        objection = Some(format!(
            "Your order has been rejected due to Insufficient Funds. Available funds - Rs. {free} . \
             You require Rs. {cost} funds to execute this order."
        ));
    }
    let order = call.state.book.accept(wanted, now, &mut call.state.random);
    order.objection = objection;
    if let Some(release) = release.filter(|_| order.objection.is_none()) {
        order.keep_for(release);
    }
    success(&json!({ "script": symbol, "orderid": order.id, "uniqueorderid": order.unique_id }))
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
    check_stop(pricing, &variety)?;
    let mut wanted = Wanted {
        broker: BROKER,
        account: call.account.clone(),
        exchange,
        symbol,
        token: instrument.token,
        side,
        quantity: field("quantity").parse().unwrap_or_default(),
        price: field("price").parse().unwrap_or_default(),
        trigger: field("triggerprice").parse().unwrap_or_default(),
        pricing,
        order_type,
        product,
        validity,
        minutes: 0,
        variety,
        tags: Some(tag).filter(|tag| !tag.is_empty()).into_iter().collect(),
        source_ip: call.request.source_ip(),
        placed_by: PlacedBy::Api,
    };
    check_price(call, &mut wanted, instrument)?;
    let consent = field("scripconsent") == "yes";
    if !consent && call.state.rules.cautionary.contains(&wanted.symbol) {
        return Err(refused("AB4036", CAUTION));
    }
    Ok(wanted)
}

/// Stop orders are a variety of their own.
fn check_stop(pricing: Pricing, variety: &str) -> Result<(), Reply> {
    let stop = matches!(pricing, Pricing::StopLimit | Pricing::StopMarket);
    if stop && variety == "NORMAL" {
        return Err(refused("AB1008", "Invalid Order Variety"));
    }
    Ok(())
}

/// A MARKET order gets a limit at the edge of its band, or is refused with an IOC one: two pages
/// contradict each other, and the words of the refusal are a guess.
fn check_price(call: &Call<'_>, wanted: &mut Wanted, row: &Instrument) -> Result<(), Reply> {
    let market = wanted.pricing == Pricing::Market;
    let barred = call.state.rules.angel_market == AngelMarket::Refused;
    if barred && (market || wanted.validity == "IOC") {
        return Err(refused("AB1007", "MARKET and IOC orders are not allowed through API"));
    }
    if market {
        let band = protection(row);
        wanted.price = row.ltp().shifted(if wanted.side == Side::Buy { band } else { -band });
        wanted.price = wanted.price.on_tick(row.tick);
        "LIMIT".clone_into(&mut wanted.order_type);
    }
    if wanted.pricing != Pricing::StopMarket && wanted.price <= Paise::ZERO {
        return Err(refused("AB1007", "Invalid price"));
    }
    let Wanted { quantity, price, trigger, .. } = *wanted;
    check(row, Numbers { quantity, price, trigger }).or_else(at_once)
}

/// Hundredths of a percent.
const fn protection(row: &Instrument) -> i64 {
    let premium = row.ltp().0;
    let steps = match row.kind {
        Kind::Share | Kind::Future { on: Underlying::Index, .. } => return 50,
        Kind::Future { on: Underlying::Share, .. } => return 100,
        Kind::Option { on: Underlying::Index, .. } => [2_000, 1_000, 500, 250],
        Kind::Option { on: Underlying::Share, .. } => [4_000, 2_000, 1_000, 500],
    };
    match premium {
        ..1_000 => steps[0],
        1_000..2_000 => steps[1],
        2_000..5_000 => steps[2],
        _ => steps[3],
    }
}

/// What the service itself refuses. The rest comes later, as a rejection in the book.
/// Only the words for a price out of range have been seen; they came without a code.
pub(super) fn at_once(objection: Objection) -> Result<(), Reply> {
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

/// What the exchange rejects, in words that are a guess; and when the order is sent on, if the
/// hours are over.
fn rejected_later(call: &Call<'_>, wanted: &Wanted) -> (Option<String>, Option<Timestamp>) {
    let row = call.state.market.row(&wanted.exchange, wanted.token);
    let Some(row) = row else { return (None, None) };
    let Wanted { quantity, price, trigger, .. } = *wanted;
    let text = match check(row, Numbers { quantity, price, trigger }) {
        Err(Objection::PriceTick(_) | Objection::TriggerTick(_)) => {
            Some("16283 : The order price is not multiple of the tick size.".to_owned())
        }
        Err(Objection::Freeze(most)) => {
            Some(format!("RMS:Rule: Check freeze qty, Current:{quantity}, limit set:{most}"))
        }
        _ => None,
    };
    let stop = matches!(wanted.pricing, Pricing::StopLimit | Pricing::StopMarket);
    match call.phase(row) {
        Phase::Closed | Phase::PreOpen => {
            (text, Some(hours::next_release(call.now, row.class(call.now))))
        }
        Phase::Auction | Phase::AuctionLimitOnly if stop || wanted.validity == "IOC" => {
            (Some("Order type is not allowed in the closing auction session".to_owned()), None)
        }
        Phase::AuctionLimitOnly if wanted.pricing == Pricing::Market => {
            (Some("Market order is not allowed in this phase of the auction".to_owned()), None)
        }
        Phase::Reference => (Some("16000 : The market is closed.".to_owned()), None),
        Phase::Continuous | Phase::Auction | Phase::AuctionLimitOnly => (text, None),
    }
}

pub(super) fn pricing(word: &str) -> Option<Pricing> {
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
