//! What an account's fills of the day come to, one row for each instrument and product.

use super::market::{Instrument, Market};
use super::money::Paise;
use super::order::{Order, Side};

/// Bought and sold today; nothing is carried over from the day before.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub(crate) exchange: String,
    pub(crate) symbol: String,
    pub(crate) token: u32,
    pub(crate) product: String,
    pub(crate) bought: u64,
    pub(crate) sold: u64,
    pub(crate) buy_value: Paise,
    pub(crate) sell_value: Paise,
}

/// Adds the orders up, in the order in which their instruments were first traded.
pub(crate) fn of<'a>(orders: impl Iterator<Item = &'a Order>) -> Vec<Position> {
    let mut rows: Vec<Position> = Vec::new();
    for order in orders.filter(|order| order.filled > 0) {
        let wanted = &order.wanted;
        let same = |row: &Position| {
            row.token == wanted.token
                && row.exchange == wanted.exchange
                && row.product == wanted.product
        };
        let at = rows.iter().position(same).unwrap_or_else(|| {
            rows.push(Position::flat(order));
            rows.len() - 1
        });
        rows[at].add(order);
    }
    rows
}

impl Position {
    fn flat(order: &Order) -> Self {
        let wanted = &order.wanted;
        Self {
            exchange: wanted.exchange.clone(),
            symbol: wanted.symbol.clone(),
            token: wanted.token,
            product: wanted.product.clone(),
            bought: 0,
            sold: 0,
            buy_value: Paise::ZERO,
            sell_value: Paise::ZERO,
        }
    }

    fn add(&mut self, order: &Order) {
        let value = order.average.times(order.filled);
        match order.wanted.side {
            Side::Buy => {
                self.bought += order.filled;
                self.buy_value = self.buy_value.plus(value);
            }
            Side::Sell => {
                self.sold += order.filled;
                self.sell_value = self.sell_value.plus(value);
            }
        }
    }

    /// Units held; negative when more was sold.
    pub(crate) fn net(&self) -> i64 {
        let units = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        units(self.bought) - units(self.sold)
    }

    pub(crate) fn buy_price(&self) -> Paise {
        average(self.buy_value, self.bought)
    }

    pub(crate) fn sell_price(&self) -> Paise {
        average(self.sell_value, self.sold)
    }

    /// The price of the side that is left.
    pub(crate) fn average(&self) -> Paise {
        match self.net() {
            0 => Paise::ZERO,
            1.. => self.buy_price(),
            _ => self.sell_price(),
        }
    }

    /// Sold less bought, and what is left at the last price.
    pub(crate) fn profit(&self, market: &Market) -> Paise {
        let ltp = self.row(market).map(Instrument::ltp).unwrap_or_default();
        let left = Paise(ltp.0.saturating_mul(self.net()));
        self.sell_value.minus(self.buy_value).plus(left)
    }

    pub(crate) fn row<'m>(&self, market: &'m Market) -> Option<&'m Instrument> {
        market.row(&self.exchange, self.token)
    }
}

fn average(value: Paise, units: u64) -> Paise {
    i64::try_from(units)
        .ok()
        .and_then(|units| value.0.checked_div(units))
        .map_or(Paise::ZERO, Paise)
}
