//! The connection test and the Zerodha login: what their keys do, and how they move on by themselves.

use muster_protocol::check::CheckOutcome;
use muster_protocol::ids::AccountId;
use muster_protocol::reply::Ticket;

use super::{Form, Stage, check, is_busy, open_redirect, submit};
use crate::app::effect::{Ask, Effect};
use crate::app::form::SecretField;
use crate::app::keymap::Cmd;
use crate::app::model::{Model, Page};
use crate::app::msg::Notice;
use crate::app::overlay::Overlay;

/// Begins the daily login of a stored account.
pub(crate) fn log_in(model: &mut Model, account: AccountId) -> Vec<Effect> {
    let mut effects = model.go(Page::Connect);
    effects.extend(give_up(model));
    model.connect.stage = Stage::Check { ticket: None, login: Some(account), refusal: None };
    effects.push(model.ask(Ask::Login(account), ""));
    effects
}

/// The daemon has begun; the rest comes as changes of the check.
pub(crate) fn began(model: &mut Model, begun: &Ticket) -> Vec<Effect> {
    model.connect.scroll = 0;
    match &mut model.connect.stage {
        Stage::Check { ticket, .. } if ticket.is_none() => {
            *ticket = Some(begun.ticket);
            Vec::new()
        }
        // Esc was faster than the answer.
        _ => vec![model.ask(Ask::Abandon(begun.ticket), "")],
    }
}

/// The daemon would not begin.
pub(crate) fn refused(model: &mut Model, why: &str) {
    if let Stage::Check { refusal, .. } = &mut model.connect.stage {
        *refusal = Some(why.to_owned());
    }
}

/// A snapshot without the check that is shown: the daemon was restarted and has dropped it.
pub(crate) fn snapshot_came(model: &mut Model) -> Vec<Effect> {
    let gone = check(model).is_none();
    if let Stage::Check { ticket: Some(_), refusal, .. } = &mut model.connect.stage {
        *refusal = gone.then(|| "it was restarted and knows nothing of this any more".to_owned());
    }
    check_moved(model)
}

/// The check may have moved on: a login that came back closes what was open for it, and a
/// connection that is stored needs its secrets no longer.
pub(crate) fn check_moved(model: &mut Model) -> Vec<Effect> {
    let Some(check) = check(model) else { return Vec::new() };
    let waiting = matches!(check.outcome, CheckOutcome::AwaitingLogin { .. });
    let passed = check.outcome == CheckOutcome::Passed;
    if !waiting && matches!(model.overlay, Some(Overlay::Qr | Overlay::Redirect)) {
        model.overlay = None;
    }
    if passed && !model.connect.form.secrets.is_empty() {
        model.connect.form.secrets.clear();
        return vec![Effect::ForgetSecrets];
    }
    Vec::new()
}

/// Hands the pasted address over.
pub(crate) fn submit_redirect(model: &mut Model) -> Vec<Effect> {
    let typed = model.connect.form.facts(SecretField::Redirect).typed;
    model.connect.form.secrets.remove(&SecretField::Redirect);
    match model.connect.stage {
        Stage::Check { ticket: Some(ticket), .. } if typed > 0 => {
            vec![model.ask(Ask::SubmitRedirect(ticket), "handed over; the daemon logs in")]
        }
        _ => vec![Effect::ForgetSecret(SecretField::Redirect)],
    }
}

/// Does a command on the test.
pub(super) fn act(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    let link = check(model).and_then(|check| match &check.outcome {
        CheckOutcome::AwaitingLogin { link, .. } => Some(link.clone()),
        _ => None,
    });
    match cmd {
        Cmd::CopyLink => {
            return match link {
                Some(link) => vec![Effect::Copy(link)],
                None => nothing_to(model, "there is no login link to copy"),
            };
        }
        Cmd::Qr if link.is_some() => model.overlay = Some(Overlay::Qr),
        Cmd::Paste if link.is_some() => open_redirect(model),
        Cmd::Qr | Cmd::Paste => return nothing_to(model, "no login is being waited for"),
        Cmd::Down => model.connect.scroll = model.connect.scroll.saturating_add(1).min(40),
        Cmd::Up => model.connect.scroll = model.connect.scroll.saturating_sub(1),
        Cmd::Again => return again(model),
        Cmd::Form if is_of_form(model) && !is_busy(model) => model.connect.stage = Stage::Form,
        Cmd::Form => return nothing_to(model, "esc gives this up first"),
        Cmd::Enter if !is_busy(model) && check(model).is_some() => return leave(model),
        Cmd::Back => return leave(model),
        _ => {}
    }
    Vec::new()
}

fn nothing_to(model: &mut Model, why: &str) -> Vec<Effect> {
    model.say(Notice::bad(why));
    Vec::new()
}

const fn is_of_form(model: &Model) -> bool {
    matches!(model.connect.stage, Stage::Check { login: None, .. })
}

/// Tests once more, or asks for a new link; what was under way is given up first.
fn again(model: &mut Model) -> Vec<Effect> {
    let Stage::Check { ticket, login, ref refusal } = model.connect.stage else {
        return Vec::new();
    };
    if ticket.is_none() && refusal.is_none() {
        return nothing_to(model, "the daemon has not answered yet");
    }
    let outcome = check(model).map(|check| check.outcome.clone());
    if outcome == Some(CheckOutcome::Running) || outcome == Some(CheckOutcome::Passed) {
        return nothing_to(model, "nothing to try again");
    }
    let mut effects = give_up(model);
    if let Some(account) = login {
        model.connect.stage = Stage::Check { ticket: None, login, refusal: None };
        effects.push(model.ask(Ask::Login(account), ""));
    } else {
        model.connect.stage = Stage::Form;
        effects.extend(submit(model));
    }
    effects
}

/// Closes the test; one still under way is given up and nothing of it remains.
fn leave(model: &mut Model) -> Vec<Effect> {
    let was_login = !is_of_form(model);
    let passed = check(model).filter(|check| check.outcome == CheckOutcome::Passed);
    let (stored, account) = (passed.is_some(), passed.and_then(|check| check.saved_as));
    let mut effects = give_up(model);
    if stored {
        model.connect.form = Form::default();
    }
    model.connect.stage = Stage::Choose;
    model.connect.form.secrets.clear();
    effects.push(Effect::ForgetSecrets);
    if was_login || stored {
        effects.extend(model.go(Page::Accounts));
    }
    if account.is_some_and(|id| model.world.accounts.contains_key(&id)) {
        // Whoever has just come is looked at first, whatever the list was filtered by.
        model.accounts.selected = account;
        model.accounts.filter.clear();
    }
    effects
}

fn give_up(model: &mut Model) -> Vec<Effect> {
    match model.connect.stage {
        Stage::Check { ticket: Some(ticket), .. } if is_busy(model) => {
            vec![model.ask(Ask::Abandon(ticket), "given up; nothing was stored")]
        }
        _ => Vec::new(),
    }
}
