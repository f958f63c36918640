//! Page 4: the journal; following is a mode, scrolling up leaves it.

use std::path::PathBuf;

use muster_protocol::event::JournalEntry;

use crate::app::effect::Effect;
use crate::app::keymap::Cmd;
use crate::app::model::Model;
use crate::app::msg::Notice;
use crate::app::overlay::Line;
use crate::app::update::open_line;
use crate::app::words::JournalWords;

/// What the page remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct JournalScreen {
    pub(crate) filter: String,
    pub(crate) words: JournalWords,
    /// The number of the lowest entry shown; `None` follows the newest.
    pub(crate) held_at: Option<u64>,
    pub(crate) wrap: bool,
    /// What is searched for, in lower case.
    pub(crate) search: String,
    /// The number of the entry the search is at.
    pub(crate) found: Option<u64>,
}

impl JournalScreen {
    /// Takes another filter.
    pub(crate) fn set_filter(&mut self, text: &str) {
        text.clone_into(&mut self.filter);
        self.words = JournalWords::parse(text);
    }
}

/// The entries to show, from the lowest on the screen upwards.
pub(crate) fn upwards(model: &Model) -> impl Iterator<Item = &JournalEntry> {
    let screen = &model.journal;
    let until = screen.held_at.unwrap_or(u64::MAX);
    model
        .world
        .journal
        .iter()
        .rev()
        .skip_while(move |entry| entry.seq > until)
        .filter(|entry| screen.words.admits(entry))
}

/// How many wanted entries came since the page was held.
pub(crate) fn unseen(model: &Model) -> usize {
    let Some(held) = model.journal.held_at else { return 0 };
    let newer = model.world.journal.iter().rev().take_while(|entry| entry.seq > held);
    newer.filter(|entry| model.journal.words.admits(entry)).count()
}

/// An entry as one line of text.
pub(crate) fn line(entry: &JournalEntry) -> String {
    let who = entry.user.as_ref().map_or_else(
        || entry.run.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        ToString::to_string,
    );
    format!(
        "{} {:<5} {:<14} {:<8} {}",
        entry.at.clock_millis(),
        entry.level.words(),
        who,
        entry.area.words(),
        crate::text::scrub(&entry.text)
    )
}

/// Does a command of this page.
pub(crate) fn act(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    let page = usize::from(model.size.body()).saturating_sub(1).max(1);
    match cmd {
        Cmd::Pause if model.journal.held_at.is_none() => hold(model, 0),
        Cmd::Pause | Cmd::Follow | Cmd::Bottom => model.journal.held_at = None,
        Cmd::Up => hold(model, 1),
        Cmd::PageUp => hold(model, page),
        Cmd::Top => hold(model, usize::MAX),
        Cmd::Down => release(model, 1),
        Cmd::PageDown => release(model, page),
        Cmd::Search => {
            let text = model.journal.search.clone();
            open_line(model, Line::JournalSearch, &text);
        }
        Cmd::Match | Cmd::MatchBack if model.journal.search.is_empty() => {
            open_line(model, Line::JournalSearch, "");
        }
        Cmd::Match => find(model, true),
        Cmd::MatchBack => find(model, false),
        Cmd::Wrap => model.journal.wrap = !model.journal.wrap,
        Cmd::Filter => {
            let text = model.journal.filter.clone();
            open_line(model, Line::JournalFilter, &text);
        }
        Cmd::Back if !model.journal.search.is_empty() => {
            model.journal.search.clear();
            model.journal.found = None;
        }
        Cmd::Back if model.journal.held_at.is_some() => model.journal.held_at = None,
        Cmd::Back => model.journal.set_filter(""),
        Cmd::Save => {
            let stamp = model.now().map_or_else(String::new, |now| {
                format!("-{}-{}", now.date(), now.clock().replace(':', ""))
            });
            open_line(model, Line::SaveAs, &format!("muster-journal{stamp}.txt"));
        }
        _ => {}
    }
    Vec::new()
}

/// Searches from the newest shown upwards.
pub(crate) fn search(model: &mut Model, text: &str) {
    model.journal.search = text.trim().to_lowercase();
    model.journal.found = None;
    if !model.journal.search.is_empty() {
        find(model, true);
    }
}

/// Whether an entry holds what is searched for.
pub(crate) fn is_match(entry: &JournalEntry, search: &str) -> bool {
    !search.is_empty() && line(entry).to_lowercase().contains(search)
}

/// Goes to the next match, up or down, and holds the page there.
fn find(model: &mut Model, up: bool) {
    let screen = &model.journal;
    let from = screen.found;
    let wanted =
        |entry: &&JournalEntry| screen.words.admits(entry) && is_match(entry, &screen.search);
    let mut entries = model.world.journal.iter();
    let found = if up {
        // The first search begins at the lowest entry shown.
        let below =
            from.unwrap_or_else(|| screen.held_at.map_or(u64::MAX, |at| at.saturating_add(1)));
        entries.rev().filter(|entry| entry.seq < below).find(wanted)
    } else {
        entries.find(|entry| from.is_some_and(|from| entry.seq > from) && wanted(entry))
    };
    match found.map(|entry| entry.seq) {
        Some(seq) => {
            model.journal.found = Some(seq);
            model.journal.held_at = Some(seq);
        }
        None => {
            let way = if up { "older" } else { "newer" };
            let words = format!("no {way} entry holds {:?}", model.journal.search);
            model.say(Notice::bad(words));
        }
    }
}

/// Copies the match, or the lowest entry shown.
pub(crate) fn copy(model: &mut Model) -> Vec<Effect> {
    let found = model.journal.found;
    let at = |seq| model.world.journal.iter().find(|entry| entry.seq == seq);
    let entry = found.and_then(at).or_else(|| upwards(model).next());
    match entry.map(|entry| format!("{} {}", entry.at.date(), line(entry))) {
        Some(text) => vec![Effect::Copy(text)],
        None => {
            model.say(Notice::bad("there is no entry to copy"));
            Vec::new()
        }
    }
}

/// Writes the wanted entries to a file.
pub(crate) fn save(model: &mut Model, path: &str) -> Vec<Effect> {
    if path.is_empty() {
        return Vec::new();
    }
    let wanted = model.world.journal.iter().filter(|entry| model.journal.words.admits(entry));
    let lines: Vec<String> = wanted.map(|e| format!("{} {}", e.at.date(), line(e))).collect();
    if lines.is_empty() {
        model.say(Notice::bad("there is nothing to save"));
        return Vec::new();
    }
    vec![Effect::Save { path: PathBuf::from(path), lines }]
}

/// Forgets a place that has fallen out of the journal.
pub(crate) fn settle(model: &mut Model) {
    if let Some(held) = model.journal.held_at {
        let first = model.world.journal.front().map_or(0, |entry| entry.seq);
        model.journal.held_at = (!model.world.journal.is_empty()).then_some(held.max(first));
    }
}

/// Stops following and goes so many wanted entries up.
fn hold(model: &mut Model, by: usize) {
    let page = usize::from(model.size.body());
    let above: Vec<u64> = upwards(model).map(|entry| entry.seq).collect();
    // The oldest entries stay at the top of a full page.
    let at = by.min(above.len().saturating_sub(page));
    model.journal.held_at = above.get(at).copied();
}

/// Goes so many wanted entries down; past the newest it follows again.
fn release(model: &mut Model, by: usize) {
    let Some(held) = model.journal.held_at else { return };
    let newer = model.world.journal.iter().filter(|entry| entry.seq > held);
    let mut newer = newer.filter(|entry| model.journal.words.admits(entry)).map(|entry| entry.seq);
    model.journal.held_at = newer.nth(by.saturating_sub(1));
}
