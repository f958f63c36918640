//! The figures of a fan-out, and the middle ones of several.

use serde::Serialize;

/// The last line.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) orders_per_s: Option<f64>,
    pub(super) vs_wrk: Option<f64>,
    pub(super) vs_python_sdk: Option<f64>,
    pub(super) vs_unjournalled: Option<f64>,
    pub(super) plan_commit_ms: f64,
    pub(super) first_order_ms: i64,
    pub(super) p50_ms: i64,
    pub(super) p99_ms: i64,
    pub(super) commits: u64,
    pub(super) rss_kib_per_account: f64,
    pub(super) duplicates: u64,
    pub(super) lost: u64,
}

impl Figures {
    /// Each figure's middle; of what went wrong, all.
    pub(super) fn middle_of(rounds: &[Self]) -> Option<Self> {
        let of = |figure: fn(&Self) -> f64| middle(rounds.iter().map(figure));
        let if_all = |figure: fn(&Self) -> Option<f64>| {
            let figures: Option<Vec<f64>> = rounds.iter().map(figure).collect();
            middle(figures?.into_iter())
        };
        let whole = |figure: fn(&Self) -> i64| middle(rounds.iter().map(figure));
        Some(Self {
            orders_per_s: if_all(|round| round.orders_per_s),
            vs_wrk: if_all(|round| round.vs_wrk),
            vs_python_sdk: if_all(|round| round.vs_python_sdk),
            vs_unjournalled: if_all(|round| round.vs_unjournalled),
            plan_commit_ms: of(|round| round.plan_commit_ms)?,
            first_order_ms: whole(|round| round.first_order_ms)?,
            p50_ms: whole(|round| round.p50_ms)?,
            p99_ms: whole(|round| round.p99_ms)?,
            commits: middle(rounds.iter().map(|round| round.commits))?,
            rss_kib_per_account: of(|round| round.rss_kib_per_account)?,
            duplicates: rounds.iter().map(|round| round.duplicates).sum(),
            lost: rounds.iter().map(|round| round.lost).sum(),
        })
    }
}

/// The one in the middle; of an even number the lower, so that nothing is made up.
fn middle<T: PartialOrd + Copy>(figures: impl Iterator<Item = T>) -> Option<T> {
    let mut figures: Vec<T> = figures.collect();
    figures.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    figures.get(figures.len().checked_sub(1)? / 2).copied()
}

/// To a hundredth: the rest is noise.
pub(super) fn round(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(vs_wrk: Option<f64>, first_order_ms: i64, lost: u64) -> Figures {
        Figures {
            orders_per_s: Some(1.0),
            vs_wrk,
            vs_python_sdk: None,
            vs_unjournalled: Some(1.0),
            plan_commit_ms: 1.0,
            first_order_ms,
            p50_ms: 1,
            p99_ms: 1,
            commits: 1,
            rss_kib_per_account: 1.0,
            duplicates: 0,
            lost,
        }
    }

    #[test]
    fn of_several_rounds_the_middle_counts_and_every_order_that_went_wrong() {
        let rounds = [figures(Some(0.9), 2, 1), figures(Some(0.5), 9, 0), figures(Some(0.6), 4, 2)];
        let said = Figures::middle_of(&rounds).unwrap();
        assert_eq!((said.vs_wrk, said.first_order_ms, said.lost), (Some(0.6), 4, 3));
        assert_eq!(said.vs_python_sdk, None);
        let two = Figures::middle_of(rounds.get(..2).unwrap()).unwrap();
        assert_eq!((two.vs_wrk, two.first_order_ms), (Some(0.5), 2));
        let missing = [figures(Some(0.9), 2, 0), figures(None, 2, 0)];
        assert_eq!(Figures::middle_of(&missing).unwrap().vs_wrk, None, "not made up of fewer");
        assert!(Figures::middle_of(&[]).is_none());
    }
}
