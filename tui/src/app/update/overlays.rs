//! What keys do while something lies over the page.

use crate::app::effect::Effect;
use crate::app::field::TextField;
use crate::app::form::SecretField;
use crate::app::keymap::{self, Binding, Cmd, Context, Need};
use crate::app::model::Model;
use crate::app::overlay::{Line, Overlay, Then};
use crate::app::screens::{connect, journal, stop, vault};
use crate::app::update::act;

/// Does a command on what lies on top.
pub(super) fn act(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    match cmd {
        Cmd::Back => close(model),
        Cmd::Enter => enter(model),
        Cmd::Up | Cmd::Down | Cmd::PageUp | Cmd::PageDown | Cmd::Next => {
            step(model, cmd);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// The palette's rows: what is in force on the page beneath and holds what is typed.
pub(crate) fn palette_rows(
    of: &'static [Context],
    rights: Need,
    typed: &str,
) -> Vec<&'static Binding> {
    let wanted = typed.to_lowercase();
    let holds = |b: &Binding| {
        let row = format!("{} {}", b.label, b.help).to_lowercase();
        wanted.split_whitespace().all(|word| row.contains(word))
    };
    // Moving up and down is not found by its name.
    let named = |b: &&Binding| b.cmd != Cmd::Palette && b.context != Context::List;
    keymap::in_force(of, rights).filter(|b| named(b) && holds(b)).collect()
}

/// Keeps the selection on a row.
pub(super) fn settle(model: &mut Model) {
    let rights = model.rights();
    if let Some(Overlay::Palette { typed, at, of }) = &mut model.overlay {
        let count = palette_rows(of, rights, typed.text()).len();
        *at = (*at).min(count.saturating_sub(1));
    }
}

fn close(model: &mut Model) -> Vec<Effect> {
    match model.overlay.take() {
        Some(Overlay::Line { what: Line::AccountFilter, before, .. }) => {
            model.accounts.filter = before;
        }
        Some(Overlay::Line { what: Line::JournalFilter, before, .. }) => {
            model.journal.set_filter(&before);
        }
        Some(Overlay::Redirect) => return forget(model, SecretField::Redirect),
        Some(Overlay::Unseal) => return forget(model, SecretField::Vault),
        _ => {}
    }
    Vec::new()
}

fn forget(model: &mut Model, field: SecretField) -> Vec<Effect> {
    connect::secret_changed(model, field, crate::app::form::SecretFacts::default());
    vec![Effect::ForgetSecret(field)]
}

fn enter(model: &mut Model) -> Vec<Effect> {
    match model.overlay.take() {
        Some(Overlay::Palette { typed, at, of }) => {
            let rows = palette_rows(of, model.rights(), typed.text());
            rows.get(at).map_or_else(Vec::new, |binding| act::act(model, binding.cmd))
        }
        Some(Overlay::Confirm(question)) => {
            if !question.is_granted() {
                // A name that does not match yet is no answer; Cancel is one.
                if question.name.is_some() && !question.typed.is_empty() {
                    model.overlay = Some(Overlay::Confirm(question));
                }
                return Vec::new();
            }
            match question.then {
                Then::Quit => vec![Effect::Quit],
                Then::Ask(ask, done) => vec![model.ask(ask, done)],
            }
        }
        Some(Overlay::Line { what: Line::JournalSearch, typed, .. }) => {
            journal::search(model, typed.text());
            Vec::new()
        }
        Some(Overlay::Line { what: Line::SaveAs, typed, .. }) => journal::save(model, typed.text()),
        Some(Overlay::Line { what: Line::OrderNumber, typed, .. }) => {
            stop::found(model, typed.text())
        }
        Some(Overlay::Redirect) => connect::submit_redirect(model),
        Some(Overlay::Unseal) => vault::submit(model),
        _ => Vec::new(),
    }
}

fn step(model: &mut Model, cmd: Cmd) {
    let page = usize::from(model.size.body());
    match &mut model.overlay {
        Some(Overlay::Help { scroll, .. }) => {
            *scroll = match cmd {
                Cmd::Up => scroll.saturating_sub(1),
                Cmd::PageUp => scroll.saturating_sub(page),
                Cmd::PageDown => scroll.saturating_add(page),
                _ => scroll.saturating_add(1),
            }
            .min(keymap::BINDINGS.len().saturating_mul(2));
        }
        Some(Overlay::Palette { at, .. }) => {
            *at = if cmd == Cmd::Up { at.saturating_sub(1) } else { at.saturating_add(1) };
        }
        Some(Overlay::Confirm(question)) => question.on_yes = !question.on_yes,
        _ => {}
    }
}

/// Opens a line to type in.
pub(crate) fn open_line(model: &mut Model, what: Line, text: &str) {
    let typed = TextField::with(text);
    model.overlay = Some(Overlay::Line { what, typed, before: text.to_owned() });
}
