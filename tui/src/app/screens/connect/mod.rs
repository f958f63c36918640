//! Page 2: connect an account. Choose a broker, fill in, test; stored only when the test passes.

use std::collections::BTreeMap;

use muster_protocol::account::AccountView;
use muster_protocol::check::{CheckOutcome, CheckView};
use muster_protocol::ids::{AccountId, TicketId};
use muster_protocol::order::Broker;
use muster_protocol::reply::Role;
use muster_protocol::status::EgressView;

use crate::app::effect::{Ask, ConnectOrder, Effect};
use crate::app::field::TextField;
use crate::app::form::{self, FieldName, SecretFacts, SecretField};
use crate::app::keymap::{Cmd, Context};
use crate::app::model::{Model, Page};
use crate::app::msg::Notice;
use crate::app::overlay::Overlay;
use crate::text;

mod steps;

pub(crate) use steps::{began, check_moved, log_in, refused, snapshot_came, submit_redirect};

/// What the page remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ConnectScreen {
    pub(crate) stage: Stage,
    pub(crate) form: Form,
    /// The broker under the cursor.
    pub(crate) second_broker: bool,
    /// Rows of the test that are scrolled away.
    pub(crate) scroll: usize,
}

/// How far the connection is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Stage {
    #[default]
    Choose,
    Form,
    /// Being tested, waiting for a login, or ended: the check says which.
    Check {
        /// `None` until the daemon has answered, or when it refused.
        ticket: Option<TicketId>,
        /// The account that logs in again, or nothing for the form's connection.
        login: Option<AccountId>,
        /// The daemon's words when it would not begin.
        refusal: Option<String>,
    },
}

/// The form, without what is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) broker: Broker,
    pub(crate) focus: FieldName,
    pub(crate) user: TextField,
    pub(crate) client_id: TextField,
    pub(crate) secrets: BTreeMap<SecretField, SecretFacts>,
    pub(crate) problems: BTreeMap<FieldName, String>,
    /// The place of the chosen egress in the daemon's list.
    pub(crate) egress: usize,
    pub(crate) replaces: Option<AccountId>,
    /// The person whose account it must be: nobody else's can be entered.
    pub(crate) own: bool,
    /// Rows scrolled away from where the focus is in view.
    pub(crate) scroll: i16,
}

impl Default for Form {
    fn default() -> Self {
        Self::blank(Broker::AngelOne)
    }
}

impl Form {
    fn blank(broker: Broker) -> Self {
        Self {
            broker,
            focus: FieldName::Guide,
            user: TextField::default(),
            client_id: TextField::default(),
            secrets: BTreeMap::new(),
            problems: BTreeMap::new(),
            egress: 0,
            replaces: None,
            own: false,
            scroll: 0,
        }
    }

    /// The fields that take something, in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = FieldName> {
        let fixed = self.own || self.replaces.is_some();
        let all = FieldName::of(self.broker).iter().copied();
        all.filter(move |field| !(fixed && *field == FieldName::User))
    }

    /// What is known of a typed secret.
    pub(crate) fn facts(&self, field: SecretField) -> SecretFacts {
        self.secrets.get(&field).copied().unwrap_or_default()
    }

    /// Why the field cannot be sent as it is.
    fn problem(&self, field: FieldName) -> Option<String> {
        match field {
            FieldName::Guide | FieldName::Egress => None,
            FieldName::User => form::user_problem(self.user.text()),
            FieldName::ClientId => form::client_problem(self.client_id.text()),
            FieldName::Secret(secret) => self.facts(secret).problem(secret, self.broker),
        }
    }

    /// Checks a field and notes what is wrong with it.
    fn check(&mut self, field: FieldName) -> bool {
        let problem = self.problem(field);
        let is_good = problem.is_none();
        match problem {
            Some(problem) => drop(self.problems.insert(field, problem)),
            None => drop(self.problems.remove(&field)),
        }
        is_good
    }

    fn step(&mut self, forward: bool) {
        let untouched = self.problem(self.focus).is_some() && self.is_blank(self.focus) && !forward;
        if !untouched {
            self.check(self.focus);
        }
        let fields: Vec<FieldName> = self.fields().collect();
        let at = fields.iter().position(|field| *field == self.focus).unwrap_or(0);
        let by = if forward { 1 } else { fields.len().saturating_sub(1) };
        let next = at.saturating_add(by).checked_rem(fields.len()).unwrap_or(0);
        self.focus = fields.get(next).copied().unwrap_or(FieldName::Guide);
        self.scroll = 0;
    }

    /// True when nothing is typed into the field.
    pub(crate) fn is_blank(&self, field: FieldName) -> bool {
        match field {
            FieldName::User => self.user.is_empty(),
            FieldName::ClientId => self.client_id.is_empty(),
            FieldName::Secret(secret) => self.facts(secret).typed == 0,
            FieldName::Guide | FieldName::Egress => true,
        }
    }
}

impl ConnectScreen {
    /// The egress that matters: the one of the account that logs in, else the chosen one.
    pub(crate) fn egress<'a>(&self, model: &'a Model) -> Option<&'a EgressView> {
        let all = &model.world.status.as_ref()?.egress;
        let of_account = match self.stage {
            Stage::Check { login: Some(id), .. } => model.world.accounts.get(&id),
            _ => None,
        };
        let named = of_account.and_then(|a| all.iter().find(|egress| egress.name == a.egress));
        named.or_else(|| all.get(self.form.egress)).or_else(|| all.first())
    }

    /// True when leaving would lose something typed.
    pub(crate) fn holds_something(&self) -> bool {
        self.stage == Stage::Form
            && (!self.form.user.is_empty()
                || !self.form.client_id.is_empty()
                || self.form.secrets.values().any(|facts| facts.typed > 0))
    }
}

/// The check that is shown.
pub(crate) fn check(model: &Model) -> Option<&CheckView> {
    match model.connect.stage {
        Stage::Check { ticket: Some(ticket), .. } => model.world.ticket(ticket),
        _ => None,
    }
}

/// Opens the page: at the form of an account whose credential is entered anew, or at the start.
pub(crate) fn open(model: &mut Model, replaces: Option<&AccountView>) -> Vec<Effect> {
    let effects = model.go(Page::Connect);
    match replaces {
        None => {
            if matches!(model.connect.stage, Stage::Check { .. }) && !is_busy(model) {
                model.connect.stage = Stage::Choose;
            }
        }
        Some(account) => {
            let mut form = Form::blank(account.broker);
            form.user = TextField::with(account.user.as_str());
            form.client_id = TextField::with(&account.client_id);
            form.replaces = Some(account.id);
            let all = model.world.status.as_ref().map(|status| status.egress.as_slice());
            let at = all.and_then(|all| all.iter().position(|e| e.name == account.egress));
            form.egress = at.unwrap_or(0);
            model.connect.form = form;
            model.connect.stage = Stage::Form;
        }
    }
    effects
}

/// The page is left: what was typed into secret fields is wiped, here and in the store.
pub(crate) fn leave(model: &mut Model) -> Vec<Effect> {
    let held = model.connect.form.secrets.values().any(|facts| facts.typed > 0);
    model.connect.form.secrets.clear();
    model.connect.form.problems.clear();
    if held && model.connect.stage == Stage::Form {
        model.say(Notice::bad("the secrets typed on Connect were wiped; the rest is kept"));
    }
    vec![Effect::ForgetSecrets]
}

/// What is typed into a secret field has changed.
pub(crate) fn secret_changed(model: &mut Model, field: SecretField, facts: SecretFacts) {
    let form = &mut model.connect.form;
    form.secrets.insert(field, facts);
    if form.problems.contains_key(&FieldName::Secret(field)) {
        form.check(FieldName::Secret(field));
    }
}

/// A pasted block names a field that is no secret.
pub(crate) fn fill(model: &mut Model, field: FieldName, text: &str) {
    let form = &mut model.connect.form;
    match field {
        FieldName::User => form.user = TextField::with(text),
        FieldName::ClientId => form.client_id = TextField::with(text),
        FieldName::Guide | FieldName::Secret(_) | FieldName::Egress => {}
    }
}

/// A pasted block has been taken: what it filled is checked, and the focus goes to what is missing.
pub(crate) fn filled(model: &mut Model, filled: usize, odd: usize) {
    let form = &mut model.connect.form;
    let fields: Vec<FieldName> = form.fields().collect();
    for field in &fields {
        if !form.is_blank(*field) {
            form.check(*field);
        }
    }
    let wanting = fields.iter().find(|field| form.problem(**field).is_some());
    form.focus = wanting.or(fields.last()).copied().unwrap_or(FieldName::Guide);
    form.scroll = 0;
    let words = format!("{} filled from the paste", text::count(filled, "field"));
    model.say(match odd {
        0 => Notice::good(words),
        n => Notice::bad(format!("{words}; {} named no field", text::count(n, "line"))),
    });
}

/// Does a command of this page.
pub(crate) fn act(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    match model.connect.stage {
        Stage::Choose => act_choosing(model, cmd),
        Stage::Form => act_on_form(model, cmd),
        Stage::Check { .. } => steps::act(model, cmd),
    }
}

fn act_choosing(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    match cmd {
        Cmd::Up | Cmd::PageUp | Cmd::Top => model.connect.second_broker = false,
        Cmd::Down | Cmd::PageDown | Cmd::Bottom => model.connect.second_broker = true,
        Cmd::Enter => {
            let broker =
                if model.connect.second_broker { Broker::Zerodha } else { Broker::AngelOne };
            if model.connect.form.broker != broker || model.connect.form.replaces.is_some() {
                model.connect.form = Form::blank(broker);
            }
            if let Some(Role::User { user }) = model.welcome.as_ref().map(|w| &w.role) {
                model.connect.form.user = TextField::with(user.as_str());
                model.connect.form.own = true;
            }
            model.connect.form.focus = FieldName::Guide;
            model.connect.stage = Stage::Form;
        }
        _ => {}
    }
    Vec::new()
}

fn act_on_form(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    match cmd {
        Cmd::Next => model.connect.form.step(true),
        Cmd::Prev => model.connect.form.step(false),
        Cmd::PageUp => model.connect.form.scroll = model.connect.form.scroll.saturating_sub(4),
        Cmd::PageDown => {
            model.connect.form.scroll = model.connect.form.scroll.saturating_add(4).min(60);
        }
        Cmd::CopyLink => {
            return vec![Effect::Copy(model.connect.form.broker.dashboard().0.to_owned())];
        }
        Cmd::Back => {
            model.connect.stage = Stage::Choose;
            model.connect.form.secrets.clear();
            model.connect.form.problems.clear();
            return vec![Effect::ForgetSecrets];
        }
        Cmd::Left => turn_egress(model, false),
        Cmd::Right => turn_egress(model, true),
        Cmd::Enter => return submit(model),
        _ => {}
    }
    Vec::new()
}

/// Chooses another egress with left and right, where the focus is on it.
fn turn_egress(model: &mut Model, forward: bool) {
    let count = model.world.status.as_ref().map_or(0, |status| status.egress.len()).max(1);
    let by = if forward { 1 } else { count.saturating_sub(1) };
    let form = &mut model.connect.form;
    form.egress = form.egress.saturating_add(by).checked_rem(count).unwrap_or(0);
}

/// Sends the form, or puts the focus on the first field that is wrong.
fn submit(model: &mut Model) -> Vec<Effect> {
    let form = &mut model.connect.form;
    let mut first_bad = None;
    for field in FieldName::of(form.broker) {
        if !form.check(*field) {
            first_bad.get_or_insert(*field);
        }
    }
    if let Some(field) = first_bad {
        form.focus = field;
        form.scroll = 0;
        return Vec::new();
    }
    let Ok(user) = form.user.text().parse() else { return Vec::new() };
    let order = ConnectOrder {
        broker: form.broker,
        user,
        client_id: form.client_id.text().to_owned(),
        replaces: form.replaces,
        egress: model.connect.egress(model).map(|egress| egress.name.clone()),
    };
    model.connect.stage = Stage::Check { ticket: None, login: None, refusal: None };
    vec![model.ask(Ask::Connect(order), "")]
}

/// The contexts whose keys are in force on the test, by how it stands.
pub(crate) fn contexts(model: &Model) -> &'static [Context] {
    use Context::{Always, Check, Ended, Failed, Global, Login, Refill};
    let Stage::Check { login, ref refusal, .. } = model.connect.stage else {
        return &[Check, Global, Always];
    };
    let outcome = check(model).map(|check| &check.outcome);
    match (outcome, login.is_some()) {
        (Some(CheckOutcome::AwaitingLogin { .. }), _) => &[Login, Check, Global, Always],
        (Some(CheckOutcome::Running), _) => &[Check, Global, Always],
        (Some(CheckOutcome::Passed), _) => &[Ended, Check, Global, Always],
        (Some(_), true) => &[Failed, Ended, Check, Global, Always],
        (Some(_), false) => &[Refill, Failed, Ended, Check, Global, Always],
        (None, true) if refusal.is_some() => &[Failed, Check, Global, Always],
        (None, false) if refusal.is_some() => &[Refill, Failed, Check, Global, Always],
        (None, _) => &[Check, Global, Always],
    }
}

/// True where a test or login is shown, one level below the choice of a broker.
pub(crate) fn is_testing(model: &Model) -> bool {
    model.page == Page::Connect && matches!(model.connect.stage, Stage::Check { .. })
}

/// True while the daemon works on the connection or waits for a person.
fn is_busy(model: &Model) -> bool {
    check(model).is_some_and(|check| {
        matches!(check.outcome, CheckOutcome::Running | CheckOutcome::AwaitingLogin { .. })
    })
}

/// Opens the line for the redirected address.
fn open_redirect(model: &mut Model) {
    model.overlay = Some(Overlay::Redirect);
}
