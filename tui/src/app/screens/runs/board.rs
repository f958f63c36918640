//! The muster board: who is chosen on it, and what the daemon says of the gates. One account's gates are
//! asked for while they are looked at; fitness comes with the accounts, but for the next run alone, so
//! that of another plan's is asked for, too.

use std::collections::BTreeMap;

use muster_protocol::account::{AccountView, Fitness};
use muster_protocol::ids::{AccountId, PlanId};
use muster_protocol::muster::{MusterBoard, MusterRow};
use muster_protocol::request::Selection;
use muster_protocol::status::FitCounts;
use muster_protocol::time::{SECOND, Timestamp};

use crate::app::effect::{Ask, Effect};
use crate::app::keymap::Cmd;
use crate::app::layout::{self, Split};
use crate::app::model::{Link, Model, Page, Purpose};
use crate::app::screens::accounts;
use crate::app::screens::runs::{self, Board};

/// How often what is looked at is asked about, and the least time between two questions when accounts
/// change.
const EVERY: i64 = 5 * SECOND;
const LEAST: i64 = SECOND;

/// About how many rows stand above the list: legs, plan, counts.
const ABOVE: usize = 5;

/// What the board remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BoardScreen {
    /// By id, never by place.
    pub(crate) selected: Option<AccountId>,
    /// The gates of the selected account fill the page.
    pub(crate) gates: bool,
    /// Rows of the list, and of the gates, that are scrolled away.
    pub(crate) offset: usize,
    pub(crate) scroll: usize,
    rows: Vec<AccountId>,
    /// How many of them are fit, as far as that is known.
    pub(crate) counts: FitCounts,
    made_of: Option<(PlanId, u64, u64)>,
    /// What was last said of one account's gates, and for which plan.
    seen: Option<(PlanId, MusterBoard)>,
    /// Who is fit for a plan that is not the next one to fire.
    others: Option<(PlanId, BTreeMap<AccountId, Fitness>)>,
    /// Moves on whenever that is told anew.
    version: u64,
    asked_gates: Option<Asked>,
    asked_rows: Option<Asked>,
    trouble: Option<String>,
}

/// A question to the daemon: for which plan, of whom, when, and how the accounts stood.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    plan: PlanId,
    account: Option<AccountId>,
    at: Timestamp,
    version: u64,
}

/// What is known of the selected account's gates.
pub(crate) enum Gates<'a> {
    /// The daemon's word, and when it was given.
    Known(&'a MusterBoard, &'a MusterRow),
    /// It has been asked, or cannot be.
    Waiting,
    /// It would not say.
    Trouble(&'a str),
}

/// The accounts in order: who is not fit, who is, who is off.
pub(crate) fn rows(model: &Model) -> &[AccountId] {
    &model.runs.board.rows
}

/// The account that is chosen.
pub(crate) fn selected(model: &Model) -> Option<&AccountView> {
    model.runs.board.selected.and_then(|id| model.world.accounts.get(&id))
}

/// The place of the chosen account among the rows.
pub(crate) fn place(model: &Model) -> usize {
    let at = rows(model).iter().position(|id| Some(*id) == model.runs.board.selected);
    at.unwrap_or(0)
}

/// True when the gates stand somewhere on the page.
pub(crate) fn shows_gates(model: &Model) -> bool {
    model.runs.board.gates || model.size.gates() != Split::One
}

/// How fit an account is for the plan that is shown; `None` until the daemon has said.
pub(crate) fn fitness<'a>(model: &'a Model, account: &'a AccountView) -> Option<&'a Fitness> {
    let plan = model.runs.plan.as_ref();
    if plan.is_none_or(|plan| is_next(model, plan)) {
        return Some(&account.fitness);
    }
    let others = model.runs.board.others.as_ref();
    let others = others.filter(|(of, _)| Some(of) == plan);
    others.and_then(|(_, fitness)| fitness.get(&account.id))
}

/// The gates of the chosen account, for the plan that is shown.
pub(crate) fn gates(model: &Model) -> Gates<'_> {
    let screen = &model.runs.board;
    let of_plan = screen.seen.as_ref().filter(|(of, _)| Some(of) == model.runs.plan.as_ref());
    let row = of_plan.and_then(|(_, board)| {
        let row = board.rows.iter().find(|row| Some(row.account) == screen.selected);
        row.map(|row| (board, row))
    });
    match (row, &screen.trouble) {
        (Some((board, row)), _) => Gates::Known(board, row),
        (None, Some(why)) => Gates::Trouble(why),
        (None, None) => Gates::Waiting,
    }
}

/// An account's fitness is told for the next run there is; if none is due, plans make no difference.
fn is_next(model: &Model, plan: &PlanId) -> bool {
    let status = model.world.status.as_ref();
    status.and_then(|s| s.next_run.as_ref()).is_none_or(|next| next.plan == *plan)
}

/// Asks for what is looked at and not known, one question at a time.
pub(crate) fn look(model: &mut Model) -> Vec<Effect> {
    let busy = model.pending.values().any(|pending| pending.purpose == Purpose::Muster);
    if model.page != Page::Runs || model.link != Link::Live || model.runs.history || busy {
        return Vec::new();
    }
    let Board::Muster(plan, _) = runs::board(model) else { return Vec::new() };
    let plan = plan.spec.name.clone();
    let version = model.world.accounts_version;
    let asked = |account| Asked { plan: plan.clone(), account, at: model.local, version };
    let rows = asked(None);
    if !is_next(model, &plan) && is_due(model.runs.board.asked_rows.as_ref(), &rows) {
        model.runs.board.asked_rows = Some(rows);
        return vec![model.ask(Ask::Muster { plan, account: None }, "")];
    }
    let Some(account) = model.runs.board.selected.filter(|_| shows_gates(model)) else {
        return Vec::new();
    };
    let gates = asked(Some(account));
    if !is_due(model.runs.board.asked_gates.as_ref(), &gates) {
        return Vec::new();
    }
    model.runs.board.asked_gates = Some(gates);
    vec![model.ask(Ask::Muster { plan, account: Some(account) }, "")]
}

fn is_due(before: Option<&Asked>, now: &Asked) -> bool {
    before.is_none_or(|before| {
        let age = now.at.since(before.at);
        let same = before.plan == now.plan && before.account == now.account;
        !same || age >= EVERY || (age >= LEAST && before.version != now.version)
    })
}

/// The daemon is another one, or the same one anew.
pub(crate) fn connected(model: &mut Model) {
    let screen = &mut model.runs.board;
    (screen.asked_gates, screen.asked_rows, screen.trouble) = (None, None, None);
}

/// The daemon's answer: for which plan, and of one account or of all.
pub(crate) fn told(model: &mut Model, plan: PlanId, one: bool, board: MusterBoard) {
    let screen = &mut model.runs.board;
    screen.trouble = None;
    if one {
        screen.seen = Some((plan, board));
        return;
    }
    let fitness = board.rows.into_iter().map(|row| (row.account, row.fitness)).collect();
    screen.others = Some((plan, fitness));
    screen.version = screen.version.wrapping_add(1);
}

/// The daemon would not say.
pub(crate) fn refused(model: &mut Model, why: String) {
    model.runs.board.trouble = Some(why);
}

/// Does a command of the board.
pub(super) fn act(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    let chosen = selected(model).map(|account| (account.id, account.auto_execute));
    match (cmd, chosen) {
        (Cmd::Enter, Some(_)) => {
            model.runs.board.gates = !model.runs.board.gates;
            model.runs.board.scroll = 0;
        }
        (Cmd::Back, _) if model.runs.board.gates => model.runs.board.gates = false,
        (Cmd::PageDown, _) if model.runs.board.gates => scroll(model, true),
        (Cmd::PageUp, _) if model.runs.board.gates => scroll(model, false),
        (Cmd::Test, Some((id, _))) => {
            return vec![model.ask(Ask::Test(Selection::Ids(vec![id])), "test begun")];
        }
        (Cmd::Auto, Some((id, on))) => {
            let done = if on { "left out: auto-execute off" } else { "auto-execute on" };
            let accounts = Selection::Ids(vec![id]);
            return vec![model.ask(Ask::SetAuto { accounts, on: !on }, done)];
        }
        (Cmd::Undo, _) => return accounts::undo(model),
        (Cmd::CallMuster, _) => return vec![model.ask(Ask::CallMuster, "everybody is called")],
        _ => step(model, cmd),
    }
    Vec::new()
}

fn scroll(model: &mut Model, down: bool) {
    let page = usize::from(model.size.body()).saturating_sub(2);
    let at = model.runs.board.scroll;
    let to = if down { at.saturating_add(page) } else { at.saturating_sub(page) };
    // A line for each gate, and a few more for what is wrong.
    model.runs.board.scroll = to.min(40);
}

fn step(model: &mut Model, cmd: Cmd) {
    let page = usize::from(model.size.body()).saturating_sub(ABOVE).max(1);
    let at = place(model);
    let to = match cmd {
        Cmd::Up => at.saturating_sub(1),
        Cmd::Down => at.saturating_add(1),
        Cmd::PageUp => at.saturating_sub(page),
        Cmd::PageDown => at.saturating_add(page),
        Cmd::Top => 0,
        Cmd::Bottom => usize::MAX,
        _ => return,
    };
    let ids = rows(model);
    model.runs.board.selected = ids.get(to.min(ids.len().saturating_sub(1))).copied();
    model.runs.board.scroll = 0;
}

/// Keeps the rows in order, and the choice on one that exists.
pub(super) fn settle(model: &mut Model) {
    let Some(plan) = model.runs.plan.clone() else {
        model.runs.board = BoardScreen::default();
        return;
    };
    let made_of = (plan, model.world.accounts_version, model.runs.board.version);
    if model.page == Page::Runs && model.runs.board.made_of.as_ref() != Some(&made_of) {
        let (rows, counts) = sorted(model);
        let screen = &mut model.runs.board;
        (screen.rows, screen.counts, screen.made_of) = (rows, counts, Some(made_of));
    }
    let room = match model.size.gates() {
        Split::Below(gates) => model.size.body().saturating_sub(gates),
        Split::One | Split::Beside(_) => model.size.body(),
    };
    let window = usize::from(room).saturating_sub(ABOVE).max(1);
    let on_list = matches!(runs::board(model), Board::Muster(..));
    let screen = &mut model.runs.board;
    let at = screen.selected.and_then(|id| screen.rows.iter().position(|other| *other == id));
    // A row that vanished leaves the choice at its place in the window.
    let at = at.unwrap_or(screen.offset.min(screen.rows.len().saturating_sub(1)));
    screen.selected = screen.rows.get(at).copied();
    screen.offset = layout::follow(screen.offset, at, screen.rows.len(), window);
    screen.gates = screen.gates && on_list && screen.selected.is_some();
}

/// The accounts in order, and how many are fit.
fn sorted(model: &Model) -> (Vec<AccountId>, FitCounts) {
    let mut counts = FitCounts::default();
    let mut rank = |account: &AccountView| {
        let (slot, rank) = match fitness(model, account) {
            Some(Fitness::Unfit { .. }) => (&mut counts.unfit, 0_u8),
            Some(Fitness::Fit) => (&mut counts.fit, 1),
            Some(Fitness::Off) => (&mut counts.off, 2),
            None => return 1,
        };
        *slot = slot.saturating_add(1);
        rank
    };
    let mut rows: Vec<(u8, &AccountView)> =
        model.world.accounts.values().map(|account| (rank(account), account)).collect();
    rows.sort_by(|(a, one), (b, other)| {
        a.cmp(b).then_with(|| one.user.cmp(&other.user)).then(one.id.cmp(&other.id))
    });
    (rows.into_iter().map(|(_, account)| account.id).collect(), counts)
}
