//! The prices of one instrument on one day. Volumes and depth are made up, but always the same.

use serde_json::{Value, json};

use super::Paise;

/// The day's prices, and the close of the day before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prices {
    pub(crate) open: Paise,
    pub(crate) high: Paise,
    pub(crate) low: Paise,
    pub(crate) close: Paise,
    pub(crate) last: Paise,
}

impl Prices {
    /// A day on which nothing has happened yet.
    pub(crate) const fn opening(price: Paise) -> Self {
        Self { open: price, high: price, low: price, close: price, last: price }
    }

    /// A trade at `price`. One far from the close moves the close with it, as an exchange moves
    /// its bands.
    pub(super) fn trade(&mut self, price: Paise) {
        self.last = price;
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        let (lower, upper) = self.band(false, Paise(1));
        if price < lower || price > upper {
            self.close = price;
        }
    }

    /// A fifth of the close either side; options have a wide band. Of the right size, no more.
    pub(super) fn band(&self, is_option: bool, tick: Paise) -> (Paise, Paise) {
        if is_option {
            return (tick, Paise(self.close.0.saturating_mul(5).max(10_000)));
        }
        let fifth = self.close.0 / 5;
        let whole_ticks = |paise: i64| paise - paise.rem_euclid(tick.0.max(1));
        let lower = whole_ticks(self.close.0 - fifth) + tick.0;
        (Paise(lower.max(tick.0)), Paise(whole_ticks(self.close.0 + fifth)))
    }

    /// Rupees up or down since yesterday.
    pub(crate) const fn change(&self) -> Paise {
        Paise(self.last.0 - self.close.0)
    }

    /// The same in percent.
    pub(crate) fn percent(&self) -> f64 {
        Paise(self.change().0.saturating_mul(10_000) / self.close.0.max(1)).rupees()
    }

    /// The day's four prices; both brokers write them alike.
    pub(crate) fn day(&self) -> Value {
        json!({
            "open": self.open.rupees(),
            "high": self.high.rupees(),
            "low": self.low.rupees(),
            "close": self.close.rupees(),
        })
    }

    /// Five offers a side, one tick apart; both brokers write them alike.
    pub(crate) fn depth(&self, tick: Paise) -> Value {
        let side = |sign: i64| -> Vec<Value> {
            let levels = (1..=5).map(|at| {
                let price = Paise(self.last.0 + sign * at * tick.0).max(Paise::ZERO);
                json!({ "price": price.rupees(), "quantity": at * 100, "orders": at })
            });
            levels.collect()
        };
        json!({ "buy": side(-1), "sell": side(1) })
    }
}

/// Units offered in all on each side.
pub(crate) const OFFERED: u64 = 1500;
/// Units traded today.
pub(crate) const VOLUME: u64 = 1_234_567;
