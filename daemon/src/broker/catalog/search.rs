//! Looking instruments up by a part of their name.

use super::{Listed, Listing, read};

/// How well an instrument fits what is looked for; the least fits best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Symbol,
    Start,
    Inside,
    Name,
}

impl Listing {
    /// The instruments whose symbol or name holds every word, the best first, so many at most. A word
    /// such as `NSE:` or `NFO:NIFTY` names the exchange.
    pub fn search(&self, text: &str, most: usize) -> Vec<Listed> {
        let wanted = Wanted::of(text);
        if wanted.words.is_empty() && wanted.exchange.is_none() {
            return Vec::new();
        }
        let rough = |line: &&str| wanted.words.iter().all(|word| contains(line, word));
        let fitting = self.text.lines().filter(rough).filter_map(|line| {
            let listed = read(line)?;
            let rank = wanted.rank(&listed)?;
            Some((rank, listed))
        });
        let mut found: Vec<(Rank, Listed)> = fitting.collect();
        let order = |(rank, listed): &(Rank, Listed)| {
            let row = &listed.instrument;
            (*rank, row.symbol.len(), row.exchange, row.symbol.clone())
        };
        found.sort_by_cached_key(order);
        found.truncate(most);
        found.into_iter().map(|(_, listed)| listed).collect()
    }
}

struct Wanted {
    exchange: Option<String>,
    words: Vec<String>,
}

impl Wanted {
    fn of(text: &str) -> Self {
        let mut wanted = Self { exchange: None, words: Vec::new() };
        for word in text.to_uppercase().split_whitespace() {
            let word = match word.split_once(':') {
                Some((exchange, rest)) => {
                    wanted.exchange = Some(exchange.to_owned());
                    rest
                }
                None => word,
            };
            if !word.is_empty() {
                wanted.words.push(word.to_owned());
            }
        }
        wanted
    }

    fn rank(&self, listed: &Listed) -> Option<Rank> {
        let row = &listed.instrument;
        if self.exchange.as_ref().is_some_and(|code| code != row.exchange.code()) {
            return None;
        }
        let symbol = row.symbol.to_uppercase();
        let in_symbol = self.words.iter().all(|word| symbol.contains(word));
        let first = self.words.first().map_or("", String::as_str);
        if in_symbol {
            return Some(match (symbol == first, symbol.starts_with(first)) {
                (true, _) => Rank::Symbol,
                (false, true) => Rank::Start,
                (false, false) => Rank::Inside,
            });
        }
        let both = format!("{symbol}\t{}", listed.name.to_uppercase());
        self.words.iter().all(|word| both.contains(word)).then_some(Rank::Name)
    }
}

/// Whether a line holds the upper-case word, in whatever case.
fn contains(line: &str, word: &str) -> bool {
    let (line, word) = (line.as_bytes(), word.as_bytes());
    !word.is_ascii() || line.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}
