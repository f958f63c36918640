//! Where input goes: into the secret store, or into a message. Never both.

use crate::app::form::{self, FieldName, SecretField};
use crate::app::keymap;
use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::input::Input;
use crate::secrets::SecretStore;

/// The messages an input becomes. What is typed or pasted into a secret field stays in the store, and
/// the message tells only facts about it.
pub(crate) fn route(model: &Model, secrets: &mut SecretStore, input: Input) -> Vec<Msg> {
    match input {
        Input::Key(key) => {
            let bound = keymap::lookup(model.stack(), key, model.rights());
            match (model.secret_focus(), bound) {
                (Some(field), None) if secrets.key(field, key) => vec![changed(secrets, field)],
                (Some(_), None) => Vec::new(),
                _ => vec![Msg::Key(key)],
            }
        }
        Input::Paste(text) => paste(model, secrets, &text),
        Input::Resize(size) => vec![Msg::Resize(size)],
        Input::Closed => Vec::new(),
    }
}

fn changed(secrets: &SecretStore, field: SecretField) -> Msg {
    Msg::SecretChanged { field, facts: secrets.facts(field) }
}

fn paste(model: &Model, secrets: &mut SecretStore, text: &str) -> Vec<Msg> {
    if let Some(fields) = model.block_fields()
        && let Some(pairs) = form::pairs(text, &fields)
    {
        return block(secrets, &pairs);
    }
    match model.secret_focus() {
        Some(field) => {
            secrets.paste(field, text);
            vec![changed(secrets, field)]
        }
        None if model.takes_text() => vec![Msg::Paste(text.to_owned())],
        None => vec![Msg::PasteIgnored],
    }
}

/// A block fills the fields it names; what was in them before goes.
fn block(secrets: &mut SecretStore, pairs: &[(Option<FieldName>, &str)]) -> Vec<Msg> {
    let mut msgs = Vec::new();
    let mut odd = 0_usize;
    for (field, value) in pairs {
        match field {
            Some(FieldName::Secret(field)) => {
                secrets.forget(*field);
                secrets.paste(*field, value);
                msgs.push(changed(secrets, *field));
            }
            Some(field) => {
                msgs.push(Msg::Fill { field: *field, text: (*value).to_owned() });
            }
            None => odd = odd.saturating_add(1),
        }
    }
    let filled = msgs.len();
    msgs.push(Msg::Filled { filled, odd });
    msgs
}
