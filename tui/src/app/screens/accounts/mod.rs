//! Page 1: one row per account, and what can be done with it.

mod sort;

use std::collections::BTreeSet;

use muster_protocol::account::AccountView;
use muster_protocol::ids::AccountId;
use muster_protocol::order::Broker;
use muster_protocol::request::Selection;

use crate::app::effect::{Ask, Effect};
use crate::app::field::TextField;
use crate::app::keymap::{Cmd, Context};
use crate::app::layout;
use crate::app::model::{Model, Page};
use crate::app::msg::Notice;
use crate::app::overlay::{Line, Overlay, Question, Then};
use crate::app::screens::connect;
use crate::app::update::open_line;

use self::sort::Rows;
pub(crate) use self::sort::Sort;

/// What the page remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AccountsScreen {
    /// By id, never by place: rows come and go.
    pub(crate) selected: Option<AccountId>,
    pub(crate) marked: BTreeSet<AccountId>,
    pub(crate) filter: String,
    pub(crate) sort: Sort,
    /// The other way round.
    pub(crate) turned: bool,
    pub(crate) rows: Rows,
    /// The details fill the page.
    pub(crate) details: bool,
    /// Rows of the details that are scrolled away.
    pub(crate) scroll: usize,
    pub(crate) offset: usize,
}

/// The rows as they are shown: filtered and sorted.
pub(crate) fn rows(model: &Model) -> impl ExactSizeIterator<Item = AccountId> {
    model.accounts.rows.ids().iter().copied()
}

/// The selected account.
pub(crate) fn selected(model: &Model) -> Option<&AccountView> {
    model.accounts.selected.and_then(|id| model.world.accounts.get(&id))
}

/// The contexts whose keys are in force: by the page, and by who is selected.
pub(crate) fn contexts(model: &Model) -> &'static [Context] {
    use Context::{Accounts, Always, Details, Fresh, Global, List, Table, Zerodha};
    if model.world.accounts.is_empty() {
        return &[Fresh, Global, Always];
    }
    let zerodha = selected(model).is_some_and(|account| account.broker == Broker::Zerodha);
    match (model.accounts.details, zerodha) {
        (true, true) => &[Details, Zerodha, Accounts, List, Global, Always],
        (true, false) => &[Details, Accounts, List, Global, Always],
        (false, true) => &[Table, Zerodha, Accounts, List, Global, Always],
        (false, false) => &[Table, Accounts, List, Global, Always],
    }
}

/// The place of the selected account among the rows.
pub(crate) fn place(model: &Model) -> Option<usize> {
    rows(model).position(|id| Some(id) == model.accounts.selected)
}

/// About how many rows the selected account's page has: its steps and facts, its tests and entries.
fn detail_rows(model: &Model) -> usize {
    selected(model).map_or(0, |account| account.history.len().saturating_add(50))
}

/// The numbers in a selection; none for all, whose rows are not known here.
pub(crate) fn ids_of(selection: &Selection) -> Vec<AccountId> {
    match selection {
        Selection::All => Vec::new(),
        Selection::Ids(ids) => ids.clone(),
    }
}

/// Does a command of this page.
pub(crate) fn act(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    match cmd {
        Cmd::Enter => {
            model.accounts.details = !model.accounts.details;
            model.accounts.scroll = 0;
        }
        Cmd::PageDown if model.accounts.details => {
            let most = detail_rows(model).saturating_sub(usize::from(model.size.body()));
            let page = usize::from(model.size.body()).saturating_sub(2);
            model.accounts.scroll = model.accounts.scroll.saturating_add(page).min(most);
        }
        Cmd::PageUp if model.accounts.details => {
            let page = usize::from(model.size.body()).saturating_sub(2);
            model.accounts.scroll = model.accounts.scroll.saturating_sub(page);
        }
        Cmd::Back if model.accounts.details => model.accounts.details = false,
        Cmd::Back if !model.accounts.filter.is_empty() => model.accounts.filter.clear(),
        Cmd::Back => model.accounts.marked.clear(),
        Cmd::Filter => {
            let text = model.accounts.filter.clone();
            open_line(model, Line::AccountFilter, &text);
        }
        Cmd::Sort => {
            model.accounts.sort = model.accounts.sort.next();
            model.accounts.turned = false;
        }
        Cmd::Turn => model.accounts.turned = !model.accounts.turned,
        Cmd::Mark => mark(model),
        Cmd::MarkAll => mark_all(model),
        Cmd::Undo => return undo(model),
        Cmd::TestAll => return vec![model.ask(Ask::Test(Selection::All), "test begun")],
        Cmd::Test => {
            return on_chosen(model, |_, ids| Ask::Test(Selection::Ids(ids)), "test begun");
        }
        Cmd::Auto => return toggle_auto(model),
        Cmd::Active => return toggle_active(model),
        Cmd::Login => return login(model),
        Cmd::Connect => return connect::open(model, None),
        Cmd::Edit => {
            let account = selected(model).cloned();
            return account.map_or_else(Vec::new, |a| connect::open(model, Some(&a)));
        }
        Cmd::Remove => ask_to_remove(model),
        Cmd::JournalOf => {
            if let Some(account) = selected(model) {
                let words = format!("user:{}", account.user);
                model.journal.set_filter(&words);
                return model.go(Page::Journal);
            }
        }
        _ => step(model, cmd),
    }
    Vec::new()
}

/// Keeps the rows as they are wanted, and the selection on one that exists and inside the window.
pub(crate) fn settle(model: &mut Model) {
    let window = usize::from(model.size.account_rows());
    let screen = &mut model.accounts;
    screen.rows.settle(&model.world, &screen.filter, (screen.sort, screen.turned));
    screen.marked.retain(|id| model.world.accounts.contains_key(id));
    let ids = screen.rows.ids();
    let at = screen.selected.and_then(|id| ids.iter().position(|other| *other == id));
    // A row that vanished leaves the selection at its place in the window.
    let at = at.unwrap_or(screen.offset.min(ids.len().saturating_sub(1)));
    screen.selected = ids.get(at).copied();
    screen.offset = layout::follow(screen.offset, at, ids.len(), window);
    screen.details = screen.details && !ids.is_empty();
    if model.undo.as_ref().is_some_and(|undo| undo.until <= model.local) {
        model.undo = None;
    }
}

fn step(model: &mut Model, cmd: Cmd) {
    let ids: Vec<AccountId> = rows(model).collect();
    let page = usize::from(model.size.account_rows()).max(1);
    let at = model.accounts.selected.and_then(|id| ids.iter().position(|other| *other == id));
    let at = at.unwrap_or(0);
    let to = match cmd {
        Cmd::Up => at.saturating_sub(1),
        Cmd::Down => at.saturating_add(1),
        Cmd::PageUp => at.saturating_sub(page),
        Cmd::PageDown => at.saturating_add(page),
        Cmd::Top => 0,
        Cmd::Bottom => usize::MAX,
        _ => at,
    };
    model.accounts.selected = ids.get(to.min(ids.len().saturating_sub(1))).copied();
    model.accounts.scroll = 0;
}

fn mark(model: &mut Model) {
    if let Some(id) = model.accounts.selected {
        if !model.accounts.marked.remove(&id) {
            model.accounts.marked.insert(id);
        }
        step(model, Cmd::Down);
    }
}

/// Marks every row that is shown; if all of them are, takes the marks away.
fn mark_all(model: &mut Model) {
    let shown: Vec<AccountId> = rows(model).collect();
    if shown.iter().all(|id| model.accounts.marked.contains(id)) {
        model.accounts.marked.clear();
    } else {
        model.accounts.marked.extend(shown);
    }
}

/// Takes the last switch back, while it can be.
pub(crate) fn undo(model: &mut Model) -> Vec<Effect> {
    let Some(undo) = model.undo.take() else {
        model.say(Notice::bad("nothing to take back: only the last switch, for ten seconds"));
        return Vec::new();
    };
    vec![model.ask(undo.ask, "taken back")]
}

/// The marked accounts, or the selected one.
fn chosen(model: &Model) -> Vec<AccountId> {
    if model.accounts.marked.is_empty() {
        model.accounts.selected.into_iter().collect()
    } else {
        model.accounts.marked.iter().copied().collect()
    }
}

fn on_chosen(
    model: &mut Model,
    ask: impl FnOnce(&Model, Vec<AccountId>) -> Ask,
    done: &str,
) -> Vec<Effect> {
    let ids = chosen(model);
    if ids.is_empty() {
        model.say(Notice::bad("no account is selected"));
        return Vec::new();
    }
    let ask = ask(model, ids);
    vec![model.ask(ask, done)]
}

/// The accounts a switch would change, and to what: on if any is off, so that one press makes them
/// alike. Only those are asked for, so that taking it back is exact.
fn switched(model: &Model, is_on: fn(&AccountView) -> bool) -> (bool, Vec<AccountId>) {
    let chosen = chosen(model);
    let accounts = || chosen.iter().filter_map(|id| model.world.accounts.get(id));
    let on = accounts().any(|account| !is_on(account));
    (on, accounts().filter(|account| is_on(account) != on).map(|account| account.id).collect())
}

fn toggle_auto(model: &mut Model) -> Vec<Effect> {
    let (on, ids) = switched(model, |account| account.auto_execute);
    if ids.is_empty() {
        model.say(Notice::bad("no account is selected"));
        return Vec::new();
    }
    let done = if on { "auto-execute on" } else { "auto-execute off" };
    vec![model.ask(Ask::SetAuto { accounts: Selection::Ids(ids), on }, done)]
}

fn toggle_active(model: &mut Model) -> Vec<Effect> {
    let (on, ids) = switched(model, |account| account.active);
    if on {
        let ask = Ask::SetActive { accounts: Selection::Ids(ids), on: true };
        return vec![model.ask(ask, "activated")];
    }
    let names: Vec<_> =
        ids.iter().filter_map(|id| model.world.accounts.get(id)).map(name).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let who = match names.as_slice() {
        [first, second, third, _, ..] => {
            let others = names.len().saturating_sub(3);
            format!("{first}, {second}, {third} and {others} more")
        }
        few => few.join(", "),
    };
    model.overlay = Some(Overlay::Confirm(Question {
        title: "Deactivate?".to_owned(),
        body: format!("{who} will be left out of every run and no longer tested."),
        yes: "Deactivate",
        then: Then::Ask(
            Ask::SetActive { accounts: Selection::Ids(ids), on: false },
            "deactivated".to_owned(),
        ),
        name: None,
        typed: TextField::default(),
        on_yes: false,
        opened: model.local,
    }));
    Vec::new()
}

fn login(model: &mut Model) -> Vec<Effect> {
    let wants_person = selected(model).filter(|account| account.broker == Broker::Zerodha);
    let id = wants_person.map(|account| account.id);
    id.map_or_else(Vec::new, |id| connect::log_in(model, id))
}

fn ask_to_remove(model: &mut Model) {
    let Some(account) = selected(model) else { return };
    let question = Question {
        title: format!("Remove {}?", name(account)),
        body: "The account and its sealed credential are forgotten. This cannot be undone; the journal stays."
            .to_owned(),
        yes: "Remove",
        then: Then::Ask(
            Ask::Remove { account: account.id, user: account.user.clone() },
            format!("removed {}", name(account)),
        ),
        name: Some(account.user.to_string()),
        typed: TextField::default(),
        on_yes: false,
        opened: model.local,
    };
    model.overlay = Some(Overlay::Confirm(question));
}

fn name(account: &AccountView) -> String {
    format!("{} at {}", account.user, account.broker.title())
}
