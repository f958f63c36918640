//! What each command does. Commands of one page go to that page's file.

use crate::app::effect::Effect;
use crate::app::field::TextField;
use crate::app::keymap::Cmd;
use crate::app::model::{Model, Page};
use crate::app::msg::Notice;
use crate::app::overlay::{Overlay, Question, Then};
use crate::app::screens::{accounts, connect, journal, runs, stop, system, vault};
use crate::app::update::daemon::stop_waiting;
use crate::app::update::overlays;

/// Does a command.
pub(super) fn act(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    match cmd {
        Cmd::QuitNow => return quit_now(model),
        Cmd::Suspend => return vec![Effect::Suspend],
        Cmd::Repaint => return vec![Effect::Repaint],
        Cmd::Retry => return vec![Effect::RetryNow],
        _ => {}
    }
    if model.overlay.is_some() {
        return overlays::act(model, cmd);
    }
    if cmd == Cmd::Back && (model.notice.take().is_some() || stop_waiting(model)) {
        return Vec::new();
    }
    match cmd {
        Cmd::Help => {
            model.overlay = Some(Overlay::Help { scroll: 0, of: model.stack() });
            Vec::new()
        }
        Cmd::Palette => {
            let typed = TextField::default();
            model.overlay = Some(Overlay::Palette { typed, at: 0, of: model.stack() });
            Vec::new()
        }
        Cmd::Go(page) => model.go(page),
        Cmd::NextPage => turn(model, 1),
        Cmd::PrevPage => turn(model, Page::ALL.len().saturating_sub(1)),
        Cmd::Copy if model.page == Page::Journal => journal::copy(model),
        Cmd::Copy => copy_address(model),
        Cmd::HandsOff => {
            hands_off(model);
            Vec::new()
        }
        Cmd::Halt => {
            stop::ask_to_halt(model);
            Vec::new()
        }
        Cmd::Vault => {
            vault::ask(model);
            Vec::new()
        }
        Cmd::Quit if connect::is_testing(model) => connect::act(model, Cmd::Back),
        Cmd::Quit if !up(model) => vec![Effect::Quit],
        Cmd::Quit => Vec::new(),
        _ => match model.page {
            Page::Accounts => accounts::act(model, cmd),
            Page::Connect => connect::act(model, cmd),
            Page::Runs => runs::act(model, cmd),
            Page::Journal => journal::act(model, cmd),
            Page::System => {
                system::act(model, cmd);
                Vec::new()
            }
        },
    }
}

/// Copies the server's address.
fn copy_address(model: &mut Model) -> Vec<Effect> {
    if let Some(address) = model.address().map(str::to_owned) {
        return vec![Effect::Copy(address)];
    }
    model.say(Notice::bad("the server's address is not known until the daemon answers"));
    Vec::new()
}

/// Read-only by a key, and back; what a flag or the role says stays.
fn hands_off(model: &mut Model) {
    if model.read_only() && !model.hands_off {
        return model
            .say(Notice::bad("this client was started to look only, or your role is to look"));
    }
    model.hands_off = !model.hands_off;
    let words =
        if model.hands_off { "read-only; R again ends it" } else { "keys that act are back" };
    model.say(Notice::good(words));
}

/// One level up on this page; false at the top.
fn up(model: &mut Model) -> bool {
    match model.page {
        Page::Accounts if model.accounts.details => model.accounts.details = false,
        Page::Accounts if !model.accounts.filter.is_empty() => model.accounts.filter.clear(),
        Page::Runs if model.runs.history => model.runs.history = false,
        Page::Runs if model.runs.board.gates => model.runs.board.gates = false,
        Page::Runs if model.runs.shown.is_some() => model.runs.shown = None,
        _ => return false,
    }
    true
}

fn turn(model: &mut Model, by: usize) -> Vec<Effect> {
    let at = Page::ALL.iter().position(|page| *page == model.page).unwrap_or(0);
    let next = at.saturating_add(by).checked_rem(Page::ALL.len()).unwrap_or(0);
    let page = Page::ALL.get(next).copied().unwrap_or(Page::Accounts);
    model.go(page)
}

/// Leaves, after asking once if the form holds something.
fn quit_now(model: &mut Model) -> Vec<Effect> {
    let asked = matches!(&model.overlay, Some(Overlay::Confirm(q)) if q.then == Then::Quit);
    if asked || !model.connect.holds_something() {
        return vec![Effect::Quit];
    }
    model.overlay = Some(Overlay::Confirm(Question {
        title: "Leave?".to_owned(),
        body: "The form holds something that is not stored. Leaving wipes it.".to_owned(),
        yes: "Leave",
        then: Then::Quit,
        name: None,
        typed: TextField::default(),
        on_yes: false,
        opened: model.local,
    }));
    Vec::new()
}
