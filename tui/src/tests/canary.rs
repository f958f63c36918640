//! A secret that is typed or pasted shows up nowhere: not in a message, an effect, the model or on
//! the screen; and reaches the daemon all the same.

use std::fmt::Write;

use muster_protocol::ids::TicketId;
use muster_protocol::time::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use zeroize::Zeroizing;

use super::{fake, world};
use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::model::{Model, Page};
use crate::app::msg::{Answer, CallId, Msg};
use crate::app::update::update;
use crate::input::Input;
use crate::link::{self, Command, LinkEvent, Outgoing};
use crate::runtime::route;
use crate::secrets::SecretStore;

const API_KEY: &str = "CANARYkey7";
const MPIN: &str = "9173";
const TOTP: &str = "CANARYTOTPSECRET234";
const API_SECRET: &str = "CANARYapi9";

/// Everything that could be logged, in one text.
struct Session {
    model: Model,
    secrets: SecretStore,
    seen: String,
    asked: Vec<Effect>,
}

impl Session {
    fn input(&mut self, input: Input) {
        for msg in route(&self.model, &mut self.secrets, input) {
            self.msg(msg);
        }
    }

    fn msg(&mut self, msg: Msg) {
        writeln!(self.seen, "{msg:?}").unwrap();
        let effects = update(&mut self.model, Timestamp::from_millis(5_000), msg);
        for effect in effects {
            writeln!(self.seen, "{effect:?}").unwrap();
            match effect {
                Effect::ForgetSecrets => self.secrets.forget_all(),
                Effect::ForgetSecret(field) => self.secrets.forget(field),
                effect => self.asked.push(effect),
            }
        }
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| crate::view::draw(&self.model, frame)).unwrap();
        write!(self.seen, "{:?}\n{}", self.model, terminal.backend()).unwrap();
    }

    fn keys(&mut self, text: &str) {
        text.chars().for_each(|c| self.input(Input::Key(Key::Char(c))));
    }

    fn paste(&mut self, text: &str) {
        self.input(Input::Paste(Zeroizing::new(text.to_owned())));
    }

    fn tab(&mut self) {
        self.input(Input::Key(Key::Tab));
    }

    fn is_clean(&self) {
        for canary in [API_KEY, MPIN, TOTP, API_SECRET] {
            let prefix: String = canary.chars().take(4).collect();
            assert!(!self.seen.contains(&prefix), "{prefix} was seen");
        }
    }
}

/// The form filled in, up to the last field.
fn filled() -> Session {
    let mut session = Session {
        model: world::model(),
        secrets: SecretStore::default(),
        seen: String::new(),
        asked: Vec::new(),
    };
    session.msg(Msg::Key(Key::Char('2')));
    session.msg(Msg::Key(Key::Enter));
    session.tab();
    session.keys("hema.n");
    session.tab();
    session.keys("A777777");
    session.tab();
    session.paste(&format!("{API_KEY}\n"));
    session.tab();
    session.keys("12");
    session.tab();
    assert!(session.seen.contains("MPIN has 2 digits, it needs 4"));
    session.input(Input::Key(Key::BackTab));
    session.input(Input::Key(Key::Ctrl('u')));
    session.keys(MPIN);
    session.tab();
    session.paste(TOTP);
    session.tab();
    session.keys(API_SECRET);
    session
}

#[tokio::test]
async fn what_is_typed_is_seen_nowhere_and_reaches_the_daemon() {
    let mut session = filled();
    session.input(Input::Key(Key::Enter));
    session.is_clean();
    let Some(Effect::Send { ask, .. }) = session.asked.pop() else { panic!("nothing was asked") };

    let (_dir, path) = fake::socket();
    let mut daemon = fake::Fake::start(&path, world::snapshot());
    let (commands, queue) = tokio::sync::mpsc::unbounded_channel();
    let (to_test, mut events) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(link::run(path, queue, std::sync::Arc::new(move |e| drop(to_test.send(e)))));
    while !matches!(
        events.recv().await,
        Some(LinkEvent::News(crate::app::msg::LinkNews::Snapshot(_), _))
    ) {}
    let call = Outgoing::new(ask, &mut session.secrets);
    commands.send(Command::Call { id: CallId(0), call }).ok().unwrap();
    let (method, params) = daemon.called().await;
    assert_eq!(method, "account.connect");
    for canary in [API_KEY, MPIN, TOTP, API_SECRET, "A777777", "hema.n"] {
        assert!(params.contains(canary), "{canary}");
    }
}

#[test]
fn leaving_the_page_wipes_the_store_and_keeps_the_rest() {
    let mut session = filled();
    session.msg(Msg::Key(Key::Esc));
    assert_eq!(session.secrets.facts(crate::app::form::SecretField::Mpin).typed, 0);
    assert_eq!(session.model.connect.form.user.text(), "hema.n");
    session.is_clean();
}

#[test]
fn a_pasted_address_goes_to_the_store_and_once_to_the_daemon() {
    let mut session = Session {
        model: world::waiting_for_login(),
        secrets: SecretStore::default(),
        seen: String::new(),
        asked: Vec::new(),
    };
    session.msg(Msg::Key(Key::Char('p')));
    session.paste(&format!("http://127.0.0.1:8912/?request_token={TOTP}"));
    session.msg(Msg::Key(Key::Enter));
    session.is_clean();
    let Some(Effect::Send { ask, .. }) = session.asked.pop() else { panic!("nothing was asked") };
    assert!(format!("{ask:?}").contains(&format!("{:?}", TicketId(7))));
    assert!(
        matches!(Outgoing::new(ask, &mut session.secrets), Outgoing::Redirect(call) if call.redirected.expose().ends_with(TOTP))
    );
    assert_eq!(session.secrets.facts(crate::app::form::SecretField::Redirect).typed, 0);
    assert_eq!(session.model.page, Page::Connect);
    session.msg(Msg::Reply { id: CallId(0), answer: Ok(Answer::Done) });
}

#[test]
fn a_pasted_block_fills_its_fields_and_is_seen_nowhere() {
    let mut session = Session {
        model: world::model(),
        secrets: SecretStore::default(),
        seen: String::new(),
        asked: Vec::new(),
    };
    session.msg(Msg::Key(Key::Char('2')));
    session.msg(Msg::Key(Key::Enter));
    session.paste(&format!(
        "user=hema.n\nclient_id=A777777\napi_key={API_KEY}\nmpin={MPIN}\ntotp={TOTP}\nnote=hello\n"
    ));
    session.is_clean();
    let form = &session.model.connect.form;
    assert_eq!((form.user.text(), form.client_id.text()), ("hema.n", "A777777"));
    assert!(form.problems.is_empty(), "{:?}", form.problems);
    let notice = session.model.notice.as_ref().map(|notice| notice.text.clone()).unwrap();
    assert_eq!(notice, "5 fields filled from the paste; 1 line named no field");
    session.input(Input::Key(Key::Enter));
    session.is_clean();
    let Some(Effect::Send { ask, .. }) = session.asked.pop() else { panic!("nothing was asked") };
    let Outgoing::Connect(call) = Outgoing::new(ask, &mut session.secrets) else { panic!() };
    let muster_protocol::account::Credential::AngelOne { mpin, totp_secret, .. } = call.credential
    else {
        panic!()
    };
    assert_eq!((mpin.expose(), totp_secret.expose()), (MPIN, TOTP));
}
