//! Placing an order: what a form must hold, market protection, and the margin check.

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::{BROKER, bad_input, check_source, missing, refused, slices, success};
use crate::sandbox::exchange::check::{Numbers, Objection, check};
use crate::sandbox::exchange::hours::{self, Phase};
use crate::sandbox::exchange::market::{Instrument, Kind};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::exchange::order::{PlacedBy, Pricing, Side, Wanted};
use crate::sandbox::net::message::{Pairs, Reply};
use crate::sandbox::rules::{MarketHours, MarketTag};
use crate::sandbox::world::Call;

pub(super) fn place(call: &mut Call<'_>) -> Reply {
    if let Err(refusal) = check_source(call) {
        return refusal;
    }
    let form = call.request.form();
    let wanted = match read(call, &form) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let release = match check_hours(call, &wanted) {
        Ok(release) => release,
        Err(refusal) => return refusal,
    };
    if let Err(refusal) = check_depository(call, &wanted) {
        return refusal;
    }
    if slices::asked(&form) {
        return slices::place(call, &wanted, release);
    }
    let ltp = call.state.market.ltp(&wanted.exchange, wanted.token).unwrap_or_default();
    let cost = wanted.cost(ltp);
    let (free, _) = call.state.funds(BROKER, &call.account, call.now);
    if cost > free {
        let text = no_funds(cost, free);
        return refused(StatusCode::BAD_REQUEST, "MarginException", &text);
    }
    let now = call.now;
    let order = call.state.book.accept(wanted, now, &mut call.state.random);
    if let Some(release) = release {
        order.keep_for(release);
    }
    success(&json!({ "order_id": order.id }))
}

pub(super) fn no_funds(cost: Paise, free: Paise) -> String {
    format!("Insufficient funds. Required margin is {cost} but available margin is {free}.")
}

fn read(call: &Call<'_>, form: &Pairs) -> Result<Wanted, Reply> {
    let need = |name: &'static str| form.get(name).ok_or_else(|| missing(name));
    let variety = call.captures.first().cloned().unwrap_or_default();
    one_of("variety", &variety, VARIETIES)?;
    let (exchange, symbol) = (need("exchange")?, need("tradingsymbol")?);
    let side = Side::parse(need("transaction_type")?);
    let side = side.ok_or_else(|| bad_input("Invalid `transaction_type`."))?;
    let order_type = need("order_type")?;
    let pricing = pricing(order_type).ok_or_else(|| bad_input("Invalid `order_type`."))?;
    let quantity = need("quantity")?;
    let product = one_of("product", need("product")?, PRODUCTS)?;
    let validity = one_of("validity", form.get("validity").unwrap_or("DAY"), VALIDITIES)?;
    let tag = form.get("tag").unwrap_or_default();
    if tag.chars().count() > TAG_LIMIT || !tag.chars().all(is_tag_letter) {
        return Err(bad_input("Invalid `tag`. It can be at most 20 letters and digits long."));
    }
    check_iceberg(&variety, form)?;
    let instrument = call.state.market.by_kite(exchange, symbol).ok_or_else(|| {
        let text =
            "The instrument you are placing an order for has either expired or does not exist.";
        bad_input(text)
    })?;
    let quantity = quantity.parse().map_err(|_| bad_input("Invalid `quantity`."))?;
    let price = amount(form, "price", matches!(pricing, Pricing::Limit | Pricing::StopLimit))?;
    let stops = matches!(pricing, Pricing::StopLimit | Pricing::StopMarket);
    let trigger = amount(form, "trigger_price", stops)?;
    let minutes = match validity {
        "TTL" => need("validity_ttl")?.parse().map_err(|_| bad_input("Invalid `validity_ttl`."))?,
        _ => 0,
    };
    match check(instrument, Numbers { quantity, price, trigger }) {
        // What is too much at once is what slices are for.
        Err(Objection::Freeze(_)) if slices::asked(form) => {}
        checked => checked.map_err(objection)?,
    }
    let mut wanted = Wanted {
        broker: BROKER,
        account: call.account.clone(),
        exchange: exchange.to_owned(),
        symbol: symbol.to_owned(),
        token: instrument.token,
        side,
        quantity,
        price,
        trigger,
        pricing,
        order_type: order_type.to_owned(),
        product: product.to_owned(),
        validity: validity.to_owned(),
        minutes,
        variety,
        tags: Some(tag.to_owned()).filter(|tag| !tag.is_empty()).into_iter().collect(),
        source_ip: call.request.source_ip(),
        placed_by: PlacedBy::Api,
    };
    if matches!(pricing, Pricing::Market | Pricing::StopMarket) {
        protect(&mut wanted, form, instrument)?;
        keep_tag(&mut wanted.tags, call.state.rules.market_tag);
    }
    Ok(wanted)
}

/// Two legs to fifty (documented; that one is refused has been seen, in which words has not).
fn check_iceberg(variety: &str, form: &Pairs) -> Result<(), Reply> {
    if variety != "iceberg" {
        return Ok(());
    }
    let legs = form.get("iceberg_legs").ok_or_else(|| missing("iceberg_legs"))?;
    let within = legs.parse().is_ok_and(|legs: u32| (2..=50).contains(&legs));
    if within { Ok(()) } else { Err(bad_input("Invalid `iceberg_legs`.")) }
}

/// Whether a protected order keeps its own tag is not known; one row was published without.
fn keep_tag(tags: &mut Vec<String>, rule: MarketTag) {
    let own = tags.iter().position(|tag| !tag.starts_with("mktp"));
    match (rule, own) {
        (MarketTag::Kept, _) | (_, None) => {}
        // The first one is the row's `tag`, unless it is the system's.
        (MarketTag::Listed, Some(own)) => {
            let tag = tags.remove(own);
            tags.push(tag);
        }
        (MarketTag::Lost, Some(own)) => drop(tags.remove(own)),
    }
}

/// The words for tick and range have been seen, those for lot and freeze are guesses; that all
/// are input errors is one, too.
pub(super) fn objection(why: Objection) -> Reply {
    bad_input(&match why {
        Objection::Lot => "Invalid `quantity`.".to_owned(),
        Objection::PriceTick(tick) => format!(
            "Tick size for this script is {tick}. Kindly enter price in the multiple of tick size \
             for this script"
        ),
        Objection::TriggerTick(tick) => format!(
            "Tick size for this script is {tick}. Kindly enter trigger price in the multiple of \
             tick size for this script"
        ),
        Objection::TooLow(limit) => format!(
            "Your order price is lower than the current lower circuit limit of {limit}. Place an \
             order within the daily range."
        ),
        Objection::TooHigh(limit) => format!(
            "Your order price is higher than the current upper circuit limit of {limit}. Place an \
             order within the daily range."
        ),
        Objection::Freeze(most) => {
            format!("Quantity is more than the freeze limit of {most}. Place the order in slices.")
        }
    })
}

/// When it is sent on, if it is kept for the next day. Only the words for MIS have been seen.
fn check_hours(call: &Call<'_>, wanted: &Wanted) -> Result<Option<Timestamp>, Reply> {
    let row = call.state.market.row(&wanted.exchange, wanted.token);
    let Some(row) = row else { return Ok(None) };
    let class = row.class(call.now);
    if wanted.variety == "amo" {
        return match call.state.rules.market_hours {
            MarketHours::Kept if !hours::takes_after_hours(call.now, class) => {
                Err(bad_input("After market orders are not taken at this hour."))
            }
            _ => Ok(Some(hours::next_release(call.now, class))),
        };
    }
    let at_once = wanted.validity == "IOC"
        || matches!(wanted.pricing, Pricing::StopLimit | Pricing::StopMarket)
        || wanted.variety == "iceberg";
    match call.phase(row) {
        Phase::Auction | Phase::AuctionLimitOnly if at_once => {
            Err(bad_input("Stop, IOC and iceberg orders are not allowed in the closing auction."))
        }
        Phase::AuctionLimitOnly if wanted.pricing == Pricing::Market => {
            Err(bad_input("Market orders are not allowed at this time of the closing auction."))
        }
        Phase::Continuous | Phase::PreOpen | Phase::Auction | Phase::AuctionLimitOnly => Ok(None),
        Phase::Closed | Phase::Reference if wanted.product == "MIS" => Err(bad_input(
            "MIS (intraday) are blocked as the markets are not open for trading today. Try \
             placing an AMO order.",
        )),
        Phase::Closed | Phase::Reference => {
            Err(bad_input("The markets are not open for trading now. Try placing an AMO order."))
        }
    }
}

/// Selling what lies at the depository needs its owner's word, where no standing one was given.
fn check_depository(call: &mut Call<'_>, wanted: &Wanted) -> Result<(), Reply> {
    let now = call.now;
    let Some(account) = call.broker_account(BROKER) else { return Ok(()) };
    let delivers = wanted.side == Side::Sell && wanted.product == "CNC";
    if !delivers || account.ddpi || account.is_authorised(now) {
        return Ok(());
    }
    let text = format!("{} quantity needs authorisation at depository.", wanted.quantity);
    Err(refused(StatusCode::PRECONDITION_REQUIRED, "InputException", &text))
}

/// A protected market order is booked as a LIMIT at the edge of its band.
/// `pricing` stays MARKET, so that it fills at the last traded price.
pub(super) fn protect(wanted: &mut Wanted, form: &Pairs, row: &Instrument) -> Result<(), Reply> {
    let asked = form.get("market_protection").unwrap_or("0");
    let band = match asked.parse::<Paise>() {
        Ok(Paise(-100)) => automatic_band(row),
        Ok(Paise(hundredths)) if (1..=10_000).contains(&hundredths) => hundredths,
        _ => {
            return Err(bad_input(
                "Market orders without market protection are not allowed via API. Please set \
                 market protection or use a Limit order.",
            ));
        }
    };
    let base = if wanted.pricing == Pricing::Market { row.ltp() } else { wanted.trigger };
    let edge = base.shifted(if wanted.side == Side::Buy { band } else { -band });
    wanted.price = edge.on_tick(row.tick);
    let booked_as = if wanted.pricing == Pricing::Market { "LIMIT" } else { "SL" };
    booked_as.clone_into(&mut wanted.order_type);
    wanted.tags.push("mktp".to_owned());
    wanted.tags.push(format!("mktp:{}", Paise(band)));
    Ok(())
}

/// Hundredths of a percent.
fn automatic_band(row: &Instrument) -> i64 {
    let is_option = matches!(row.kind, Kind::Option { .. });
    let (bounds, bands) = if is_option {
        ([1_000, 10_000, 50_001], [500, 300, 200, 100])
    } else {
        ([0, 10_000, 50_001], [0, 200, 100, 50])
    };
    let step = bounds.iter().filter(|bound| row.ltp().0 >= **bound).count();
    bands.get(step).copied().unwrap_or(0)
}

fn amount(form: &Pairs, name: &'static str, required: bool) -> Result<Paise, Reply> {
    let parsed = form.get(name).map(str::parse::<Paise>);
    match parsed {
        Some(Ok(amount)) if amount > Paise::ZERO || !required => Ok(amount),
        None if !required => Ok(Paise::ZERO),
        None => Err(missing(name)),
        Some(_) => Err(bad_input(&format!("Invalid `{name}`."))),
    }
}

fn one_of<'w>(name: &str, word: &'w str, known: &[&str]) -> Result<&'w str, Reply> {
    let found = known.contains(&word);
    if found { Ok(word) } else { Err(bad_input(&format!("Invalid `{name}`."))) }
}

/// Documented as alphanumeric; rows with blanks have been published.
fn is_tag_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == ' '
}

pub(super) fn pricing(word: &str) -> Option<Pricing> {
    match word {
        "MARKET" => Some(Pricing::Market),
        "LIMIT" => Some(Pricing::Limit),
        "SL" => Some(Pricing::StopLimit),
        "SL-M" => Some(Pricing::StopMarket),
        _ => None,
    }
}

const VARIETIES: &[&str] = &["regular", "amo", "co", "iceberg", "auction"];
const PRODUCTS: &[&str] = &["CNC", "NRML", "MIS", "MTF"];
const VALIDITIES: &[&str] = &["DAY", "IOC", "TTL"];
const TAG_LIMIT: usize = 20;
