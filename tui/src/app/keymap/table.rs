//! The bindings as data.

use super::{Binding, Cmd, Context, Need};
use crate::app::key::Key;
use crate::app::model::Page;

/// A row that only looks.
const fn see(
    context: Context,
    keys: &'static [Key],
    cmd: Cmd,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { context, keys, cmd, label, help, rank: 0, need: Need::Look }
}

/// A row that changes one's own accounts.
const fn own(
    context: Context,
    keys: &'static [Key],
    cmd: Cmd,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { need: Need::Own, ..see(context, keys, cmd, label, help) }
}

/// A row that changes what belongs to everybody.
const fn act(
    context: Context,
    keys: &'static [Key],
    cmd: Cmd,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { need: Need::Operate, ..see(context, keys, cmd, label, help) }
}

impl Binding {
    /// The same row, in the footer at this place.
    const fn at(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }
}

use Context as C;
use Key::{
    BackTab, Backspace, Char, Ctrl, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right,
    Tab, Up,
};

/// Every key there is.
pub(crate) static BINDINGS: &[Binding] = &[
    see(
        C::Always,
        &[Ctrl('c')],
        Cmd::QuitNow,
        "leave",
        "leave from anywhere; asks if the form holds something",
    ),
    see(
        C::Always,
        &[Ctrl('z')],
        Cmd::Suspend,
        "suspend",
        "hand the terminal to the shell; fg comes back",
    ),
    see(C::Always, &[Ctrl('l')], Cmd::Repaint, "repaint", "paint the whole screen again"),
    see(C::Global, &[Char('?')], Cmd::Help, "help", "the keys that work here").at(1),
    see(C::Global, &[Char(':'), Ctrl('p')], Cmd::Palette, "commands", "find a command by its name")
        .at(9),
    see(C::Global, &[Char('1')], Cmd::Go(Page::Accounts), "accounts", "go to Accounts"),
    see(C::Global, &[Char('2')], Cmd::Go(Page::Connect), "connect", "go to Connect"),
    see(C::Global, &[Char('3')], Cmd::Go(Page::Runs), "runs", "go to Runs"),
    see(C::Global, &[Char('4')], Cmd::Go(Page::Journal), "journal", "go to Journal"),
    see(C::Global, &[Char('5')], Cmd::Go(Page::System), "system", "go to System"),
    see(C::Global, &[Tab], Cmd::NextPage, "next page", "go to the next page"),
    see(C::Global, &[BackTab], Cmd::PrevPage, "page before", "go to the page before"),
    see(C::Global, &[Esc], Cmd::Back, "back", "close what is on top, clear the filter"),
    see(C::Global, &[Char('q')], Cmd::Quit, "quit", "one level up, and from the top leave").at(10),
    act(C::Global, &[Char('H')], Cmd::Halt, "halt", "stop every order at once, or resume"),
    act(C::Global, &[Char('V')], Cmd::Vault, "vault", "open the vault, or seal it"),
    see(
        C::Global,
        &[Char('R')],
        Cmd::HandsOff,
        "read-only",
        "leave out every key that changes something, or not",
    ),
    see(C::Global, &[Ctrl('r')], Cmd::Retry, "reconnect", "try the daemon again now"),
    see(C::List, &[Char('k'), Up], Cmd::Up, "up", "one row up"),
    see(C::List, &[Char('j'), Down], Cmd::Down, "down", "one row down"),
    see(C::List, &[Ctrl('u'), PageUp], Cmd::PageUp, "page up", "one screen up"),
    see(C::List, &[Ctrl('d'), PageDown], Cmd::PageDown, "page down", "one screen down"),
    see(C::List, &[Char('g'), Home], Cmd::Top, "top", "to the first row"),
    see(C::List, &[Char('G'), End], Cmd::Bottom, "bottom", "to the last row"),
    own(
        C::Accounts,
        &[Char('t')],
        Cmd::Test,
        "test",
        "test the marked accounts, or the selected one",
    )
    .at(2),
    own(C::Accounts, &[Char('T')], Cmd::TestAll, "test all", "test every account").at(3),
    own(
        C::Accounts,
        &[Char('a')],
        Cmd::Auto,
        "auto",
        "let the marked or selected take part in runs, or not",
    )
    .at(4),
    own(C::Fresh, &[Char('c')], Cmd::Connect, "connect", "connect the first account").at(2),
    see(C::Fresh, &[Char('y')], Cmd::Copy, "copy the address", "copy the server's address").at(3),
    see(C::Table, &[Enter], Cmd::Enter, "details", "one account on a page of its own").at(5),
    see(C::Details, &[Enter], Cmd::Enter, "back", "back to the list of accounts").at(5),
    see(C::Table, &[Char('/')], Cmd::Filter, "filter", "show only rows holding these words").at(6),
    see(C::Table, &[Char(' ')], Cmd::Mark, "mark", "mark the row for an action on several"),
    see(C::Table, &[Char('*')], Cmd::MarkAll, "mark all", "mark every row that is shown, or none"),
    see(C::Table, &[Char('s')], Cmd::Sort, "sort", "sort by the next column, or trouble first"),
    see(C::Table, &[Char('S')], Cmd::Turn, "turn", "sort the other way round"),
    own(
        C::Zerodha,
        &[Char('l')],
        Cmd::Login,
        "log in",
        "begin the daily login of a Zerodha account",
    )
    .at(7),
    own(C::Accounts, &[Char('e')], Cmd::Edit, "edit", "enter the credential of this account anew"),
    own(C::Accounts, &[Char('c')], Cmd::Connect, "connect", "connect a new account"),
    own(
        C::Accounts,
        &[Char('u')],
        Cmd::Undo,
        "undo",
        "take the last on or off back, for ten seconds",
    ),
    see(C::Accounts, &[Char('J')], Cmd::JournalOf, "journal", "the journal of this user"),
    own(
        C::Accounts,
        &[Char('A')],
        Cmd::Active,
        "activate",
        "switch the marked or selected accounts on or off",
    ),
    act(
        C::Accounts,
        &[Char('D')],
        Cmd::Remove,
        "remove",
        "forget account and credential; asks for the name",
    ),
    see(C::Accounts, &[Char('y')], Cmd::Copy, "copy", "copy the server's address"),
    own(C::Choose, &[Enter], Cmd::Enter, "choose", "connect an account at this broker").at(2),
    see(C::Choose, &[Char('y')], Cmd::Copy, "copy the address", "copy the server's address").at(3),
    see(C::Form, &[Char('?')], Cmd::Help, "help", "the keys that work here").at(1),
    see(C::Form, &[Tab, Down], Cmd::Next, "next", "to the next field").at(3),
    see(C::Form, &[BackTab, Up], Cmd::Prev, "field before", "to the field before"),
    see(C::Form, &[PageUp], Cmd::PageUp, "scroll up", "show what is above"),
    see(C::Form, &[PageDown], Cmd::PageDown, "scroll down", "show what is below"),
    own(
        C::Form,
        &[Enter],
        Cmd::Enter,
        "test the connection",
        "test; stored only if every step passes",
    )
    .at(4),
    see(
        C::Form,
        &[Ctrl('y')],
        Cmd::Copy,
        "copy the address",
        "copy the server's address from any field",
    ),
    see(
        C::Form,
        &[Ctrl('o')],
        Cmd::CopyLink,
        "copy the link",
        "copy the link to the broker's page from any field",
    ),
    see(C::Form, &[Esc], Cmd::Back, "back", "back; typed secrets are wiped").at(6),
    see(C::Guide, &[Char('y')], Cmd::Copy, "copy the address", "copy the server's address").at(2),
    see(
        C::Guide,
        &[Char('o')],
        Cmd::CopyLink,
        "copy the link",
        "copy the link to the broker's page",
    )
    .at(5),
    see(C::Egress, &[Right], Cmd::Right, "another", "the next way out of the server").at(2),
    see(C::Egress, &[Left], Cmd::Left, "another", "the way out before"),
    own(C::Failed, &[Char('r')], Cmd::Again, "again", "run the test again").at(3),
    own(C::Login, &[Char('r')], Cmd::Again, "new link", "make a new login link").at(6),
    see(C::Check, &[Char('j'), Down], Cmd::Down, "down", "scroll down"),
    see(C::Check, &[Char('k'), Up], Cmd::Up, "up", "scroll up"),
    see(C::Refill, &[Char('b')], Cmd::Form, "form", "back to the form, with what was typed").at(4),
    own(C::Login, &[Char('p')], Cmd::Paste, "paste", "paste the address the browser ended at")
        .at(5),
    see(C::Login, &[Char('c')], Cmd::CopyLink, "copy link", "copy the login link").at(2),
    see(C::Login, &[Char('v')], Cmd::Qr, "QR", "the login link as a QR code on the whole screen")
        .at(7),
    see(C::Check, &[Char('y')], Cmd::Copy, "copy the address", "copy the server's address").at(8),
    see(C::Ended, &[Enter], Cmd::Enter, "done", "close a test that has ended").at(2),
    act(
        C::DryRun,
        &[Char('L')],
        Cmd::Arm,
        "go live",
        "send this plan's orders for real; asks for its name",
    )
    .at(3),
    act(C::Live, &[Char('D')], Cmd::Disarm, "disarm", "back to dry-run: no order is sent").at(3),
    act(
        C::Doubt,
        &[Char('F')],
        Cmd::Found,
        "found",
        "the broker has the order in doubt: type its number",
    )
    .at(2),
    act(
        C::Doubt,
        &[Char('N')],
        Cmd::NotPlaced,
        "not placed",
        "the broker does not have it, and it is not wanted",
    )
    .at(2),
    act(
        C::Doubt,
        &[Char('S')],
        Cmd::SendAgain,
        "send again",
        "the broker does not have it: send it once more",
    )
    .at(2),
    own(C::Runs, &[Char('T')], Cmd::TestAll, "test all", "test every account before the run").at(5),
    act(
        C::Runs,
        &[Char('B')],
        Cmd::RunNow,
        "run now",
        "begin a run of the plan now; live asks for its name",
    ),
    see(C::Roll, &[Enter], Cmd::Enter, "gates", "everything the selected account must pass").at(2),
    see(C::Gates, &[Enter], Cmd::Enter, "back", "back to the list of who is fit").at(2),
    act(C::Muster, &[Char('m')], Cmd::CallMuster, "muster", "call everybody now: test who may be")
        .at(3),
    own(C::Muster, &[Char('t')], Cmd::Test, "test", "test the selected account").at(4),
    own(C::Muster, &[Char('a')], Cmd::Auto, "auto", "let the selected take part in runs, or not")
        .at(4),
    own(
        C::Muster,
        &[Char('u')],
        Cmd::Undo,
        "undo",
        "take the last on or off back, for ten seconds",
    ),
    see(C::Run, &[Enter, Char('o')], Cmd::Orders, "orders", "one line per order, or per account")
        .at(5),
    see(C::Runs, &[Char('h'), Left], Cmd::Left, "plan before", "to the plan before"),
    see(C::Runs, &[Char('l'), Right], Cmd::Right, "next plan", "to the next plan").at(8),
    see(C::Runs, &[Char('v')], Cmd::History, "history", "every run so far, with what became of it")
        .at(6),
    see(C::Runs, &[Char('[')], Cmd::Older, "older", "the run before this one").at(7),
    see(C::Runs, &[Char(']')], Cmd::Newer, "newer", "the run after this one"),
    see(C::History, &[Enter], Cmd::Enter, "open", "the board of the chosen run").at(2),
    see(C::History, &[Char('v')], Cmd::History, "back", "back to the board").at(3),
    see(C::Journal, &[Char(' ')], Cmd::Pause, "pause", "stop following, or go on").at(2),
    see(C::Journal, &[Char('f')], Cmd::Follow, "follow", "show the newest and keep up").at(3),
    see(
        C::Journal,
        &[Char('/')],
        Cmd::Filter,
        "filter",
        "words, broker:angel level>=warn user:asha.k",
    )
    .at(4),
    see(
        C::Journal,
        &[Char('#')],
        Cmd::Search,
        "search",
        "go to entries with these words, others stay",
    )
    .at(5),
    see(C::Journal, &[Char('n')], Cmd::Match, "older match", "to the match before this one"),
    see(C::Journal, &[Char('N')], Cmd::MatchBack, "newer match", "to the match after this one"),
    see(C::Journal, &[Char('y')], Cmd::Copy, "copy", "copy the match, or the lowest entry shown"),
    see(C::Journal, &[Char('w')], Cmd::Wrap, "wrap", "long entries on several lines, or cut").at(7),
    see(
        C::Journal,
        &[Char('s')],
        Cmd::Save,
        "save",
        "save the shown entries to a file only you can read",
    )
    .at(6),
    see(C::Help, &[Esc, Char('q'), Char('?'), Enter], Cmd::Back, "close", "close the help").at(1),
    see(C::Help, &[Char('j'), Down], Cmd::Down, "down", "scroll down").at(2),
    see(C::Help, &[Char('k'), Up], Cmd::Up, "up", "scroll up").at(3),
    see(C::Help, &[Char(' '), PageDown], Cmd::PageDown, "page", "scroll one screen down"),
    see(C::Help, &[PageUp], Cmd::PageUp, "page up", "scroll one screen up"),
    see(C::Palette, &[Esc], Cmd::Back, "close", "close without doing anything").at(2),
    see(C::Palette, &[Enter], Cmd::Enter, "do it", "do what is selected").at(1),
    see(C::Palette, &[Down, Tab], Cmd::Down, "next", "to the next command").at(3),
    see(C::Palette, &[Up, BackTab], Cmd::Up, "up", "to the command before"),
    see(C::Confirm, &[Esc], Cmd::Back, "cancel", "close without doing anything").at(2),
    see(
        C::Confirm,
        &[Enter],
        Cmd::Enter,
        "choose",
        "do what is chosen, or what the typed name allows",
    )
    .at(1),
    see(C::Confirm, &[Tab, Left, Right, BackTab], Cmd::Next, "change", "change the choice").at(3),
    see(C::Line, &[Esc], Cmd::Back, "cancel", "put it back to how it was").at(2),
    see(C::Line, &[Enter], Cmd::Enter, "apply", "keep what is typed").at(1),
    see(C::Redirect, &[Esc], Cmd::Back, "cancel", "wipe it and wait on").at(2),
    see(C::Redirect, &[Enter], Cmd::Enter, "hand over", "hand it to the daemon").at(1),
    see(C::Unseal, &[Esc], Cmd::Back, "cancel", "wipe it; the vault stays sealed").at(2),
    act(C::Unseal, &[Enter], Cmd::Enter, "open the vault", "hand it to the daemon").at(1),
    see(
        C::Qr,
        &[Esc, Char('q'), Char('v'), Enter, Backspace],
        Cmd::Back,
        "close",
        "close the QR code",
    )
    .at(1),
];
