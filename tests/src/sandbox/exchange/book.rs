//! Every order of every account: the truth that tests compare the daemon's belief with.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::{day_number, ist, rfc3339};
use super::market::Market;
use super::money::Paise;
use super::order::{Order, Stage, Wanted};
use crate::sandbox::people::account::Broker;
use crate::sandbox::random::Random;
use crate::sandbox::rules::Rules;

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
    /// Exchange time of receipt, RFC 3339.
    pub received_at: String,
}

/// All orders of one sandbox, in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct Book {
    orders: Vec<Order>,
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
        self.orders.push(Order {
            wanted,
            id,
            unique_id: random.uuid(),
            received_at: now,
            stage: Stage::Received,
            filled: 0,
            average: Paise::ZERO,
            message: None,
            history: vec![(now, Stage::Received)],
            modified: false,
        });
        &mut self.orders[at]
    }

    /// Lets time do its work on every order.
    pub(crate) fn advance(&mut self, now: Timestamp, rules: &Rules, market: &Market) {
        let delay = Duration::from_millis(rules.fill_delay_ms);
        for order in self.orders.iter_mut().filter(|order| !order.stage.is_terminal()) {
            let ltp = market.ltp(&order.wanted.exchange, order.wanted.token).unwrap_or_default();
            order.advance(now, delay, rules.limit_fills, ltp);
        }
    }

    /// One account's orders of the exchange day.
    pub(crate) fn today<'a>(
        &'a self,
        broker: Broker,
        account: &'a str,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Order> {
        let today = day_number(now);
        self.orders.iter().filter(move |order| {
            order.wanted.broker == broker
                && order.wanted.account == account
                && day_number(order.received_at) == today
        })
    }

    /// One account's order of the exchange day, by its order id.
    pub(crate) fn find(
        &mut self,
        broker: Broker,
        account: &str,
        id: &str,
        now: Timestamp,
    ) -> Option<&mut Order> {
        let today = day_number(now);
        self.orders.iter_mut().find(|order| {
            order.wanted.broker == broker
                && order.wanted.account == account
                && day_number(order.received_at) == today
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
        self.today(broker, account, now)
            .filter(|order| !matches!(order.stage, Stage::Cancelled | Stage::Rejected))
            .map(|order| {
                let ltp = market.ltp(&order.wanted.exchange, order.wanted.token);
                order.wanted.cost(ltp.unwrap_or_default())
            })
            .fold(Paise::ZERO, Paise::plus)
    }

    pub(crate) fn records(&self) -> Vec<OrderRecord> {
        self.orders.iter().map(record).collect()
    }
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
        received_at: rfc3339(order.received_at),
    }
}

/// Nineteen digits of milliseconds and a counter, beyond what a double holds exactly.
fn snowflake(now: Timestamp, number: usize) -> i64 {
    let milliseconds = now.as_millisecond().saturating_sub(SNOWFLAKE_EPOCH).max(0);
    let counter = i64::try_from(number).unwrap_or(0) % (1 << 22);
    milliseconds.saturating_mul(1 << 22).saturating_add(counter)
}

const SNOWFLAKE_EPOCH: i64 = 1_288_834_974_657;
