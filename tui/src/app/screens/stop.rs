//! The stop switch, and orders in doubt that a person settles.

use muster_protocol::halt::{HaltScope, Verdict};
use muster_protocol::ids::{IntentId, OrderId};
use muster_protocol::run::{IntentStatus, IntentView};

use crate::app::effect::{Ask, Effect};
use crate::app::field::TextField;
use crate::app::model::Model;
use crate::app::msg::Notice;
use crate::app::overlay::{Line, Overlay, Question, Then};
use crate::app::screens::runs::{Board, board};
use crate::app::update::open_line;

/// Asks to stop everything, or to go on if everything is stopped. Stopping starts on its button: it is
/// the safe direction, and there is no time.
pub(crate) fn ask_to_halt(model: &mut Model) {
    let halts = model.world.status.as_ref().map(|status| status.halts.as_slice());
    let Some(halts) = halts else { return };
    if let Some(scope) = halts.first().cloned() {
        let words = scope.words();
        return open(
            model,
            format!("Resume {words}?"),
            "Orders leave again, as far as their run's window is still open.".to_owned(),
            ("Resume", Some("RESUME"), Ask::Halt { scope, on: false }, format!("{words} resumed")),
        );
    }
    let body = "No order leaves from then on, also after a restart, until it is resumed. What is at the brokers already stays there.";
    let ask = Ask::Halt { scope: HaltScope::All, on: true };
    let done = "HALTED: nothing leaves until it is resumed".to_owned();
    open(model, "Halt every order?".to_owned(), body.to_owned(), ("Halt", None, ask, done));
    if let Some(Overlay::Confirm(question)) = &mut model.overlay {
        question.on_yes = true;
    }
}

/// The order in doubt the board names first.
pub(crate) fn doubt(model: &Model) -> Option<&IntentView> {
    let Board::Run(run) = board(model) else { return None };
    let mut intents = model.world.intents_of(&run.id);
    intents.find(|intent| intent.status == IntentStatus::InDoubt)
}

/// Asks for the broker's number of the order in doubt.
pub(crate) fn ask_for_number(model: &mut Model) {
    let Some(id) = doubted(model) else { return };
    model.runs.resolving = Some(id);
    open_line(model, Line::OrderNumber, "");
}

/// Takes the number a person found.
pub(crate) fn found(model: &mut Model, number: &str) -> Vec<Effect> {
    let number = number.trim();
    let Some(intent) = model.runs.resolving.take().filter(|_| !number.is_empty()) else {
        model.say(Notice::bad("type the broker's number of the order"));
        return Vec::new();
    };
    let verdict = Verdict::Found { order_id: OrderId(number.to_owned()) };
    vec![model.ask(Ask::Resolve { intent, verdict }, "settled: the broker has it")]
}

/// Asks whether the order in doubt was not placed.
pub(crate) fn ask_not_placed(model: &mut Model) {
    let Some(id) = doubted(model) else { return };
    let (title, words) = named(model, "was not placed?");
    let body = format!(
        "{words} You have looked in the broker's order book and it is not there. It is not sent again."
    );
    let ask = Ask::Resolve { intent: id, verdict: Verdict::NotPlaced };
    open(model, title, body, ("Not placed", None, ask, "settled: not placed".to_owned()));
}

/// Asks whether the order in doubt is to be sent once more.
pub(crate) fn ask_to_send_again(model: &mut Model) {
    let Some(id) = doubted(model) else { return };
    let (title, words) = named(model, "again?");
    let body = format!(
        "{words} If the broker has it after all, it is bought or sold TWICE. Look in the broker's order book first."
    );
    let ask = Ask::Resolve { intent: id, verdict: Verdict::SendAgain };
    open(model, title, body, ("Send", Some("SEND"), ask, "sent once more".to_owned()));
}

fn doubted(model: &mut Model) -> Option<IntentId> {
    let id = doubt(model).map(|intent| intent.id.clone());
    if id.is_none() {
        model.say(Notice::good("no order of this run is in doubt"));
    }
    id
}

fn named(model: &Model, question: &str) -> (String, String) {
    let Some(intent) = doubt(model) else { return (String::new(), String::new()) };
    let tag = intent.tag.as_ref().map(ToString::to_string).unwrap_or_default();
    (
        format!("{} of {} {question}", intent.leg.words(), intent.user),
        format!("{} at {}, tag {tag}.", intent.leg.words(), intent.broker.title()),
    )
}

fn open(
    model: &mut Model,
    title: String,
    body: String,
    (yes, name, ask, done): (&'static str, Option<&'static str>, Ask, String),
) {
    model.overlay = Some(Overlay::Confirm(Question {
        title,
        body,
        yes,
        then: Then::Ask(ask, done),
        name: name.map(str::to_owned),
        typed: TextField::default(),
        on_yes: false,
        opened: model.local,
    }));
}
