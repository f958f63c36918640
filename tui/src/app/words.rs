//! What is typed into a filter: plain words and `field:value` words, as data.

use std::str::FromStr;

use muster_protocol::account::AccountView;
use muster_protocol::event::{Area, JournalEntry, Level};
use muster_protocol::ids::{AccountId, RunId, UserId};
use muster_protocol::order::Broker;
use muster_protocol::request::JournalFilter;

/// A parsed filter of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct JournalWords {
    filter: JournalFilter,
    words: Vec<String>,
    /// The first word that cannot be understood, and why.
    pub(crate) problem: Option<String>,
}

impl JournalWords {
    /// Reads words such as `broker:angel level>=warn user:asha.k timeout`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parsed = Self::default();
        for word in text.split_whitespace() {
            if let Err(problem) = parsed.take(word) {
                parsed.problem.get_or_insert(problem);
            }
        }
        parsed
    }

    /// The part of the filter the daemon understands, with the plain words as its text.
    pub(crate) fn into_filter(mut self) -> JournalFilter {
        if !self.words.is_empty() {
            self.filter.text = Some(self.words.join(" "));
        }
        self.filter
    }

    /// Whether the entry is wanted.
    pub(crate) fn admits(&self, entry: &JournalEntry) -> bool {
        self.filter.admits(entry) && self.words.iter().all(|word| holds(entry, word))
    }

    fn take(&mut self, word: &str) -> Result<(), String> {
        let Some((field, value)) = word.split_once([':', '>', '≥', '=']) else {
            self.words.push(word.to_lowercase());
            return Ok(());
        };
        let value = value.trim_start_matches('=');
        match field {
            // A value still being typed narrows nothing.
            _ if value.is_empty() => {}
            "level" => self.filter.level = Some(level(value)?),
            "area" => self.filter.area = Some(area(value)?),
            "broker" => self.filter.broker = Some(broker(value)?),
            "user" => self.filter.user = Some(read::<UserId>(value, "user: a user's name")?),
            "account" => {
                let number = value.parse().map_err(|_| "account: its number".to_owned())?;
                self.filter.account = Some(AccountId(number));
            }
            "run" => {
                let run = RunId::try_from(value.to_owned());
                self.filter.run = Some(run.map_err(|_| "run: PLAN@YYYY-MM-DD".to_owned())?);
            }
            _ => self.words.push(word.to_lowercase()),
        }
        Ok(())
    }
}

/// Reads a broker by the names people use.
pub(crate) fn broker(text: &str) -> Result<Broker, String> {
    match text {
        "angel" | "angelone" | "angel_one" => Ok(Broker::AngelOne),
        "zerodha" | "kite" => Ok(Broker::Zerodha),
        _ => Err("broker: angel or zerodha".to_owned()),
    }
}

/// Reads a level.
pub(crate) fn level(text: &str) -> Result<Level, String> {
    match text.to_lowercase().as_str() {
        "info" => Ok(Level::Info),
        "warn" | "warning" => Ok(Level::Warn),
        "error" => Ok(Level::Error),
        _ => Err("level: info, warn or error".to_owned()),
    }
}

/// Reads an area.
pub(crate) fn area(text: &str) -> Result<Area, String> {
    let all = [
        Area::Daemon,
        Area::Account,
        Area::Check,
        Area::Session,
        Area::Plan,
        Area::Run,
        Area::Order,
    ];
    all.into_iter()
        .find(|area| area.words() == text)
        .ok_or_else(|| "area: daemon, account, check, session, plan, run or order".to_owned())
}

/// Whether an account has all the words in what its row says.
pub(crate) fn account_matches(account: &AccountView, text: &str) -> bool {
    let row = format!(
        "{} {} {} {} {} {} {} {}",
        account.user,
        account.broker,
        account.status.words(),
        account.permission.words(),
        account.client_id,
        account.holder,
        account.egress,
        account.labels.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    )
    .to_lowercase();
    text.split_whitespace().all(|word| {
        let bare = word.split_once(':').map_or(word, |(_, value)| value);
        row.contains(&bare.to_lowercase())
    })
}

fn read<T: FromStr>(text: &str, wanted: &str) -> Result<T, String> {
    text.parse().map_err(|_| wanted.to_owned())
}

fn holds(entry: &JournalEntry, word: &str) -> bool {
    entry.text.to_lowercase().contains(word)
        || entry.user.as_ref().is_some_and(|user| user.as_str().contains(word))
        || entry.area.words().contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_protocol::time::Timestamp;

    fn entry(level: Level, text: &str) -> JournalEntry {
        JournalEntry {
            seq: 1,
            at: Timestamp::from_millis(0),
            level,
            area: Area::Check,
            user: "asha.k".parse().ok(),
            account: Some(AccountId(7)),
            broker: Some(Broker::AngelOne),
            run: None,
            text: text.to_owned(),
        }
    }

    #[test]
    fn every_word_narrows() {
        let warn = entry(Level::Warn, "TOTP rejected (AB1050)");
        for yes in [
            "",
            "totp ab1050",
            "broker:angel level>=warn user:asha.k",
            "level:info",
            "account:7",
            "level:",
        ] {
            let words = JournalWords::parse(yes);
            assert!(words.admits(&warn) && words.problem.is_none(), "{yes}");
        }
        for no in ["broker:zerodha", "level>=error", "user:bharat", "nothing", "area:order"] {
            assert!(!JournalWords::parse(no).admits(&warn), "{no}");
        }
    }

    #[test]
    fn a_word_that_cannot_be_understood_is_named() {
        assert_eq!(
            JournalWords::parse("broker:xyz").problem.as_deref(),
            Some("broker: angel or zerodha")
        );
        assert!(JournalWords::parse("level>=loud").problem.is_some());
    }
}
