//! Where input goes: into the secret store, or into a message. Never both.

use crate::app::keymap;
use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::input::Input;
use crate::secrets::SecretStore;

/// The message an input becomes. What is typed or pasted into a secret field stays in the store, and
/// the message tells only facts about it.
pub(crate) fn route(model: &Model, secrets: &mut SecretStore, input: Input) -> Option<Msg> {
    let changed = |secrets: &SecretStore, field| {
        let facts = secrets.facts(field);
        Some(Msg::SecretChanged { field, facts })
    };
    match input {
        Input::Key(key) => {
            let bound = keymap::lookup(model.stack(), key, model.rights());
            match (model.secret_focus(), bound) {
                (Some(field), None) if secrets.key(field, key) => changed(secrets, field),
                (Some(_), None) => None,
                _ => Some(Msg::Key(key)),
            }
        }
        Input::Paste(text) => match model.secret_focus() {
            Some(field) => {
                secrets.paste(field, &text);
                changed(secrets, field)
            }
            None if model.takes_text() => Some(Msg::Paste(text.to_string())),
            None => Some(Msg::PasteIgnored),
        },
        Input::Resize(size) => Some(Msg::Resize(size)),
        Input::Closed => None,
    }
}
