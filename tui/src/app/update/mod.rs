//! The one function that changes the model. Total: no message at any size can make it panic.

mod act;
mod daemon;
mod overlays;

pub(crate) use overlays::{open_line, palette_rows};

use muster_protocol::time::Timestamp;

use crate::app::effect::{Ask, Effect};
use crate::app::key::Key;
use crate::app::keymap::{self, Need};
use crate::app::layout::Size;
use crate::app::model::{Model, NOTICE_MS, Page, Pending, Purpose};
use crate::app::msg::{CallId, Msg, Notice};
use crate::app::overlay::{Line, Overlay};
use crate::app::screens::connect::Stage;
use crate::app::screens::runs::board;
use crate::app::screens::{accounts, connect, journal, runs, system};

/// Takes one message at `now`, the client's own clock, and says what is to be done.
pub(crate) fn update(model: &mut Model, now: Timestamp, msg: Msg) -> Vec<Effect> {
    model.local = now;
    let mut effects = match msg {
        Msg::Key(key) => on_key(model, key),
        Msg::Paste(text) => {
            if let Some(field) = model.text_focus() {
                field.insert(&text);
            }
            typed(model);
            Vec::new()
        }
        Msg::Fill { field, text } => {
            connect::fill(model, field, &text);
            Vec::new()
        }
        Msg::Filled { filled, odd } => {
            connect::filled(model, filled, odd);
            Vec::new()
        }
        Msg::PasteIgnored => {
            model.say(Notice::bad("nothing takes text here: the paste was ignored"));
            Vec::new()
        }
        Msg::SecretChanged { field, facts } => {
            connect::secret_changed(model, field, facts);
            Vec::new()
        }
        Msg::Resize(size) => {
            model.size = size;
            // Even to the size it had: in between the terminal may have been another, and have lost what it
            // showed.
            vec![Effect::Repaint]
        }
        Msg::Tick => Vec::new(),
        Msg::Link(news) => daemon::on_news(model, news),
        Msg::Reply { id, answer } => daemon::on_reply(model, id, answer),
        Msg::Notice(notice) => {
            model.say(notice);
            Vec::new()
        }
    };
    daemon::give_up(model);
    settle(model);
    effects.extend(system::look(model));
    effects.extend(board::look(model));
    effects
}

impl Model {
    /// Shows a line for a while.
    pub(crate) fn say(&mut self, notice: Notice) {
        self.notice = Some(Notice { at: self.local, ..notice });
    }

    /// Asks the daemon; `done` is said when it has done it.
    pub(crate) fn ask(&mut self, ask: Ask, done: impl Into<String>) -> Effect {
        let rows = match &ask {
            Ask::Test(accounts)
            | Ask::SetActive { accounts, .. }
            | Ask::SetAuto { accounts, .. } => accounts::ids_of(accounts),
            Ask::Remove { account, .. } | Ask::Login(account) => vec![*account],
            _ => Vec::new(),
        };
        let purpose = match ask {
            Ask::Connect(_) | Ask::Login(_) => Purpose::Ticket,
            Ask::House => Purpose::House,
            Ask::Muster { .. } => Purpose::Muster,
            _ => Purpose::Plain,
        };
        let id = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        let undo = back(&ask);
        self.pending.insert(id, Pending { done: done.into(), purpose, rows, undo, at: self.local });
        Effect::Send { id, ask }
    }

    /// Turns to a page; secrets do not survive leaving the form.
    pub(crate) fn go(&mut self, page: Page) -> Vec<Effect> {
        let leaving = self.page == Page::Connect && page != Page::Connect;
        if self.page != page {
            // It was said about the page that is left.
            self.notice = None;
        }
        self.page = page;
        if leaving { connect::leave(self) } else { Vec::new() }
    }
}

/// What takes a switch back.
fn back(ask: &Ask) -> Option<Ask> {
    match ask.clone() {
        Ask::SetActive { accounts, on } => Some(Ask::SetActive { accounts, on: !on }),
        Ask::SetAuto { accounts, on } => Some(Ask::SetAuto { accounts, on: !on }),
        _ => None,
    }
}

fn on_key(model: &mut Model, key: Key) -> Vec<Effect> {
    if !model.size.is_enough() {
        let quits = matches!(key, Key::Char('q') | Key::Ctrl('c'));
        return if quits { vec![Effect::Quit] } else { Vec::new() };
    }
    if let Some(Overlay::Confirm(question)) = &model.overlay
        && question.is_guarded(model.local)
        && !matches!(key, Key::Esc | Key::Ctrl('c'))
    {
        return Vec::new();
    }
    // Good news has been read by whoever goes on; the footer is theirs again.
    if model.notice.as_ref().is_some_and(|notice| !notice.bad) {
        model.notice = None;
    }
    if let Some(cmd) = keymap::lookup(model.stack(), key, model.rights()) {
        return act::act(model, cmd);
    }
    if let Some(field) = model.text_focus() {
        field.key(key);
        typed(model);
    } else if let Key::Char(c) = key
        && model.overlay.is_none()
    {
        let words = unbound(model, c);
        model.say(Notice::bad(words));
    }
    Vec::new()
}

/// Why a letter does nothing here: a key that is dead without a word is taken for a client that is.
fn unbound(model: &Model, c: char) -> String {
    let acts = keymap::lookup(model.stack(), Key::Char(c), Need::Operate).is_some();
    let looks_only = model.only_look || model.hands_off;
    match (model.page, c) {
        _ if acts && looks_only => format!("{c} changes something, and this client is read-only"),
        _ if acts => format!("{c} changes something that your role only looks at"),
        (Page::Connect, _) if model.connect.stage == Stage::Form => {
            "nothing is typed here; tab goes to the next field".to_owned()
        }
        (Page::Accounts, 'l') => {
            "only Zerodha needs a person to log in; t tests this account".to_owned()
        }
        _ => format!("{c} does nothing here; ? shows the keys that do"),
    }
}

/// What follows from a changed text: a filter works while it is typed.
fn typed(model: &mut Model) {
    match &mut model.overlay {
        Some(Overlay::Line { what: Line::AccountFilter, typed, .. }) => {
            typed.text().clone_into(&mut model.accounts.filter);
        }
        Some(Overlay::Line { what: Line::JournalFilter, typed, .. }) => {
            let text = typed.text().to_owned();
            model.journal.set_filter(&text);
        }
        Some(Overlay::Palette { at, .. }) => *at = 0,
        _ => {}
    }
}

/// Keeps what points at something pointing at something.
fn settle(model: &mut Model) {
    if model.notice.as_ref().is_some_and(|n| model.local.since(n.at) >= NOTICE_MS) {
        model.notice = None;
    }
    if model.size == (Size { width: 0, height: 0 }) {
        return;
    }
    accounts::settle(model);
    runs::settle(model);
    journal::settle(model);
    overlays::settle(model);
}
