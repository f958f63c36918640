//! Which journal entries are wanted.

use serde::{Deserialize, Serialize};

use crate::event::{Area, JournalEntry, Level};
use crate::ids::{AccountId, RunId, UserId};
use crate::order::Broker;

/// Which journal entries are wanted; every field narrows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct JournalFilter {
    /// At least this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// About this part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<Area>,
    /// About this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// About this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// At this broker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker: Option<Broker>,
    /// In this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Holding this text, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl JournalFilter {
    /// Whether the entry is wanted.
    pub fn admits(&self, entry: &JournalEntry) -> bool {
        fn same<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none_or(|w| found == Some(w))
        }
        self.level.is_none_or(|level| entry.level >= level)
            && self.area.is_none_or(|area| entry.area == area)
            && same(self.user.as_ref(), entry.user.as_ref())
            && same(self.account.as_ref(), entry.account.as_ref())
            && same(self.broker.as_ref(), entry.broker.as_ref())
            && same(self.run.as_ref(), entry.run.as_ref())
            && self
                .text
                .as_ref()
                .is_none_or(|text| entry.text.to_lowercase().contains(&text.to_lowercase()))
    }
}
