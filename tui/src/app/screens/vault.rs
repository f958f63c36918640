//! Opening the vault and sealing it, from any page.

use muster_protocol::status::VaultState;

use crate::app::effect::{Ask, Effect};
use crate::app::field::TextField;
use crate::app::form::SecretField;
use crate::app::model::Model;
use crate::app::msg::Notice;
use crate::app::overlay::{Overlay, Question, Then};

/// Asks for what opens the vault; if it is open, whether to seal it.
pub(crate) fn ask(model: &mut Model) {
    match model.world.status.as_ref().map(|status| status.vault) {
        Some(VaultState::Sealed) => model.overlay = Some(Overlay::Unseal),
        Some(VaultState::Open) => model.overlay = Some(Overlay::Confirm(seal(model))),
        None => model.say(Notice::bad("the daemon has not answered yet")),
    }
}

fn seal(model: &Model) -> Question {
    let body = "Every key is wiped at once. Checks and logins under way end, and no run happens until somebody opens the vault again with a passphrase or key; what comes due is MISSED.";
    let done = "SEALED: nothing runs until the vault is opened".to_owned();
    Question {
        title: "Seal the vault?".to_owned(),
        body: body.to_owned(),
        yes: "Seal",
        then: Then::Ask(Ask::Seal, done),
        name: Some("SEAL".to_owned()),
        typed: TextField::default(),
        on_yes: false,
        opened: model.local,
    }
}

/// Hands over what was typed.
pub(crate) fn submit(model: &mut Model) -> Vec<Effect> {
    let typed = model.connect.form.facts(SecretField::Vault).typed;
    model.connect.form.secrets.remove(&SecretField::Vault);
    if typed == 0 {
        model.say(Notice::bad("nothing was typed; the vault stays sealed"));
        return vec![Effect::ForgetSecret(SecretField::Vault)];
    }
    vec![model.ask(Ask::Unseal, "the vault is open")]
}
