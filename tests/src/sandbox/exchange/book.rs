//! Every order of every account: the truth that tests compare the daemon's belief with.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::{day_number, ist, rfc3339};
use super::hours;
use super::market::Market;
use super::money::Paise;
use super::order::{Order, PlacedBy, Setting, Side, Wanted};
use crate::sandbox::people::account::Broker;
use crate::sandbox::random::Random;
use crate::sandbox::rules::{MarketHours, Rules};

/// An order as the broker has it, whatever it told the client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Which broker.
    pub broker: Broker,
    /// Client code or user id.
    pub account: String,
    /// The broker's order id.
    pub order_id: String,
    /// Angel One's second id.
    pub unique_order_id: String,
    /// The client's own label.
    pub tag: Option<String>,
    /// All labels, the broker's included.
    pub tags: Vec<String>,
    /// Exchange.
    pub exchange: String,
    /// Symbol in the broker's spelling.
    pub symbol: String,
    /// BUY or SELL.
    pub side: String,
    /// Quantity in units.
    pub quantity: u64,
    /// Price in rupees, 0 for MARKET.
    pub price: f64,
    /// Order type in the broker's word.
    pub order_type: String,
    /// Product in the broker's word.
    pub product: String,
    /// Variety in the broker's word.
    pub variety: String,
    /// Status in the broker's word.
    pub status: String,
    /// Why it was rejected.
    pub status_message: Option<String>,
    /// Filled quantity.
    pub filled: u64,
    /// Average price of the fills in rupees.
    pub average_price: f64,
    /// The TCP source address it came from.
    pub source_ip: IpAddr,
    /// By a call, or by the person's own hand.
    pub placed_by: PlacedBy,
    /// Exchange time of receipt, RFC 3339.
    pub received_at: String,
    /// Everything that became of it.
    pub history: Vec<StepRecord>,
}

/// One step of an order's life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StepRecord {
    /// Exchange time, RFC 3339.
    pub at: String,
    /// Status in the broker's word.
    pub status: String,
    /// Filled quantity by then.
    pub filled: u64,
}

/// All orders of one sandbox, in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct Book {
    orders: Vec<Order>,
    /// Those that are not at their end.
    open: Vec<usize>,
    of_account: HashMap<(Broker, String), Vec<usize>>,
}

/// Whose orders, on which day, and as they stood when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) broker: Broker,
    /// `None` for everybody's.
    pub(crate) account: Option<&'a str>,
    pub(crate) now: Timestamp,
    pub(crate) as_of: Timestamp,
}

impl Book {
    /// Takes an order in and gives it its ids.
    pub(crate) fn accept(
        &mut self,
        wanted: Wanted,
        now: Timestamp,
        random: &mut Random,
    ) -> &mut Order {
        let number = self.orders.len() + 1;
        let id = match wanted.broker {
            Broker::AngelOne => format!("{}{number:09}", ist(now).strftime("%y%m%d")),
            Broker::Kite => snowflake(now, number).to_string(),
        };
        let at = self.orders.len();
        self.open.push(at);
        self.of_account.entry((wanted.broker, wanted.account.clone())).or_default().push(at);
        self.orders.push(Order::received(wanted, id, random.uuid(), now));
        &mut self.orders[at]
    }

    /// A number of Kite's that is no order's, near those of the next ones.
    pub(crate) fn parent_id(&self, now: Timestamp) -> String {
        snowflake(now, self.orders.len().saturating_add(1 << 21)).to_string()
    }

    /// How many there have been.
    pub(crate) const fn len(&self) -> usize {
        self.orders.len()
    }

    /// The orders taken in since there were `count`.
    pub(crate) fn since(&mut self, count: usize) -> &mut [Order] {
        self.orders.get_mut(count..).unwrap_or_default()
    }

    /// Turns a whole position of today into another product; false if that is not its quantity.
    pub(crate) fn convert(
        &mut self,
        (broker, account): (Broker, &str),
        token: u32,
        (old, new): (&str, &str),
        quantity: u64,
    ) -> bool {
        let is_it = |order: &Order| {
            let wanted = &order.wanted;
            wanted.broker == broker
                && wanted.account == account
                && wanted.token == token
                && wanted.product == old
                && order.filled > 0
        };
        let net = |order: &Order| {
            let filled = i128::from(order.filled);
            if order.wanted.side == Side::Buy { filled } else { -filled }
        };
        let held: i128 = self.since(0).iter().filter(|order| is_it(order)).map(net).sum();
        if quantity == 0 || held.unsigned_abs() != u128::from(quantity) {
            return false;
        }
        for order in self.since(0).iter_mut().filter(|order| is_it(order)) {
            new.clone_into(&mut order.wanted.product);
        }
        true
    }

    /// Everything one account ever ordered.
    pub(crate) fn of_account_mut<'a>(
        &'a mut self,
        broker: Broker,
        account: &'a str,
    ) -> impl Iterator<Item = &'a mut Order> {
        let orders = self.orders.iter_mut();
        orders.filter(move |order| order.wanted.broker == broker && order.wanted.account == account)
    }

    /// Lets time do its work on every order.
    pub(crate) fn advance(&mut self, now: Timestamp, rules: &Rules, market: &Market) {
        let orders = &mut self.orders;
        self.open.retain(|at| {
            let Some(order) = orders.get_mut(*at).filter(|order| !order.stage.is_terminal()) else {
                return false;
            };
            let Some(row) = market.row(&order.wanted.exchange, order.wanted.token) else {
                return true;
            };
            let lives = order.release.unwrap_or(order.received_at);
            let hours = hours::day(lives, row.class(lives));
            let kept = rules.market_hours == MarketHours::Kept;
            let day = hours.filter(|_| kept);
            let (ltp, lot) = (row.ltp(), u64::from(row.lot));
            order.advance(&Setting { now, rules, ltp, lot, day });
            !order.stage.is_terminal()
        });
    }

    /// Everything one account ever ordered, in the order of arrival.
    fn of(&self, broker: Broker, account: &str) -> impl Iterator<Item = &Order> {
        let places = self.of_account.get(&(broker, account.to_owned()));
        places.into_iter().flatten().filter_map(|at| self.orders.get(*at))
    }

    /// One account's orders of the exchange day, as they stand now.
    pub(crate) fn today<'a>(
        &'a self,
        broker: Broker,
        account: &'a str,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Order> {
        self.of(broker, account).filter(move |order| is_of_day(order, now))
    }

    /// The orders a client is shown, as they stood at an earlier moment.
    pub(crate) fn seen(&self, view: View<'_>) -> Vec<Order> {
        let all = || self.orders.iter().filter(|order| order.wanted.broker == view.broker);
        let own = view.account.map(|account| self.of(view.broker, account));
        let rest = if own.is_some() { None } else { Some(all()) };
        let shown = own.into_iter().flatten().chain(rest.into_iter().flatten());
        let shown = shown.filter(|order| is_of_day(order, view.now));
        if view.as_of >= view.now {
            return shown.cloned().collect();
        }
        shown.filter_map(|order| order.as_of(view.as_of)).collect()
    }

    /// One account's order of the exchange day, by its order id.
    pub(crate) fn find(
        &mut self,
        broker: Broker,
        account: &str,
        id: &str,
        now: Timestamp,
    ) -> Option<&mut Order> {
        self.orders.iter_mut().find(|order| {
            order.wanted.broker == broker
                && order.wanted.account == account
                && is_of_day(order, now)
                && order.id == id
        })
    }

    /// What today's orders hold of an account's funds.
    pub(crate) fn used(
        &self,
        broker: Broker,
        account: &str,
        now: Timestamp,
        market: &Market,
    ) -> Paise {
        let orders = self.today(broker, account, now);
        let held = orders.map(|order| {
            let ltp = market.ltp(&order.wanted.exchange, order.wanted.token);
            order.holds(ltp.unwrap_or_default())
        });
        held.fold(Paise::ZERO, Paise::plus)
    }

    pub(crate) fn records(&self) -> Vec<OrderRecord> {
        self.orders.iter().map(record).collect()
    }
}

/// On the day it came, and on the day it is sent on; not before it has arrived.
fn is_of_day(order: &Order, now: Timestamp) -> bool {
    let today = day_number(now);
    let last = order.release.map_or(order.received_at, |release| release.max(order.received_at));
    let days = day_number(order.received_at)..=day_number(last);
    days.contains(&today) && order.hidden_until.is_none_or(|until| now >= until)
}

fn record(order: &Order) -> OrderRecord {
    let wanted = &order.wanted;
    OrderRecord {
        broker: wanted.broker,
        account: wanted.account.clone(),
        order_id: order.id.clone(),
        unique_order_id: order.unique_id.clone(),
        tag: order.tag().map(str::to_owned),
        tags: wanted.tags.clone(),
        exchange: wanted.exchange.clone(),
        symbol: wanted.symbol.clone(),
        side: wanted.side.word().to_owned(),
        quantity: wanted.quantity,
        price: wanted.price.rupees(),
        order_type: wanted.order_type.clone(),
        product: wanted.product.clone(),
        variety: wanted.variety.clone(),
        status: order.word().to_owned(),
        status_message: order.message.clone(),
        filled: order.filled,
        average_price: order.average.rupees(),
        source_ip: wanted.source_ip,
        placed_by: wanted.placed_by,
        received_at: rfc3339(order.received_at),
        history: order.looks().map(|look| step(&look)).collect(),
    }
}

fn step(look: &Order) -> StepRecord {
    let at = rfc3339(look.changed_at());
    StepRecord { at, status: look.word().to_owned(), filled: look.filled }
}

/// Nineteen digits of milliseconds and a counter, beyond what a double holds exactly.
fn snowflake(now: Timestamp, number: usize) -> i64 {
    let milliseconds = now.as_millisecond().saturating_sub(SNOWFLAKE_EPOCH).max(0);
    let counter = i64::try_from(number).unwrap_or(0) % (1 << 22);
    milliseconds.saturating_mul(1 << 22).saturating_add(counter)
}

const SNOWFLAKE_EPOCH: i64 = 1_288_834_974_657;
