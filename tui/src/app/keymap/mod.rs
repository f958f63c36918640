//! The one table of keys. Dispatch, footer, help and palette all read it.

mod table;

use crate::app::key::Key;
use crate::app::model::Page;

pub(crate) use table::BINDINGS;

/// Something a key or the palette does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cmd {
    Quit,
    QuitNow,
    Back,
    Suspend,
    Repaint,
    Retry,
    Help,
    Palette,
    Go(Page),
    NextPage,
    PrevPage,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Left,
    Right,
    Filter,
    Enter,
    Next,
    Prev,
    Copy,
    CopyLink,
    Mark,
    MarkAll,
    Sort,
    Turn,
    Undo,
    HandsOff,
    Search,
    Match,
    MatchBack,
    Test,
    TestAll,
    Auto,
    Active,
    Login,
    Edit,
    Connect,
    Remove,
    Arm,
    Disarm,
    Halt,
    Vault,
    Found,
    NotPlaced,
    SendAgain,
    Older,
    Newer,
    Orders,
    History,
    Pause,
    Follow,
    Wrap,
    Save,
    Paste,
    Again,
    Form,
    Qr,
    JournalOf,
    CallMuster,
    RunNow,
}

/// Where a key counts. Several are in force at once, see [`crate::app::model::Model::stack`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Context {
    /// Everywhere, whatever is open.
    Always,
    /// On pages that take no text.
    Global,
    /// Where something moves up and down.
    List,
    Accounts,
    /// Before there is an account.
    Fresh,
    /// The list of accounts.
    Table,
    /// One account on a page of its own.
    Details,
    /// An account whose broker wants a person to log in.
    Zerodha,
    Choose,
    Form,
    Guide,
    Egress,
    Check,
    /// While a login is waited for.
    Login,
    /// A test that has ended.
    Ended,
    /// A test that did not pass.
    Failed,
    /// A test of the form's connection, which can be corrected.
    Refill,
    Runs,
    /// The muster board.
    Muster,
    /// The list of who is fit.
    Roll,
    /// One account's gates on a page of their own.
    Gates,
    /// A run under way, or over.
    Run,
    /// A plan that sends nothing.
    DryRun,
    /// A plan that sends orders.
    Live,
    /// A run with an order in doubt.
    Doubt,
    /// The list of runs.
    History,
    Journal,
    Help,
    Palette,
    Confirm,
    /// A line of text above the footer: filter, file name.
    Line,
    /// The secret line for the redirected address.
    Redirect,
    /// The secret line for what opens the vault.
    Unseal,
    Qr,
}

impl Context {
    /// Every context, in the order of the document.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Always,
        Self::Global,
        Self::List,
        Self::Accounts,
        Self::Fresh,
        Self::Table,
        Self::Details,
        Self::Zerodha,
        Self::Choose,
        Self::Form,
        Self::Guide,
        Self::Egress,
        Self::Check,
        Self::Login,
        Self::Ended,
        Self::Failed,
        Self::Refill,
        Self::Runs,
        Self::Muster,
        Self::Roll,
        Self::Gates,
        Self::Run,
        Self::DryRun,
        Self::Live,
        Self::Doubt,
        Self::History,
        Self::Journal,
        Self::Help,
        Self::Palette,
        Self::Confirm,
        Self::Line,
        Self::Redirect,
        Self::Unseal,
        Self::Qr,
    ];

    /// Every combination that can be in force, the most particular first.
    #[cfg(test)]
    pub(crate) const fn stacks() -> &'static [&'static [Self]] {
        use Context::{
            Accounts, Always, Check, Choose, Confirm, Details, Doubt, DryRun, Egress, Ended,
            Failed, Form, Fresh, Gates, Global, Guide, Help, History, Journal, Line, List, Live,
            Muster, Palette, Qr, Redirect, Refill, Roll, Run, Runs, Table, Unseal, Zerodha,
        };
        &[
            &[Fresh, Global, Always],
            &[Table, Accounts, List, Global, Always],
            &[Details, Accounts, List, Global, Always],
            &[Table, Zerodha, Accounts, List, Global, Always],
            &[Details, Zerodha, Accounts, List, Global, Always],
            &[Choose, List, Global, Always],
            &[Guide, Form, Always],
            &[Egress, Form, Always],
            &[Form, Always],
            &[Check, Global, Always],
            &[Self::Login, Check, Global, Always],
            &[Ended, Check, Global, Always],
            &[Failed, Check, Global, Always],
            &[Failed, Ended, Check, Global, Always],
            &[Refill, Failed, Check, Global, Always],
            &[Refill, Failed, Ended, Check, Global, Always],
            &[Runs, List, Global, Always],
            &[Roll, Muster, DryRun, Runs, List, Global, Always],
            &[Roll, Muster, Live, Runs, List, Global, Always],
            &[Gates, Muster, DryRun, Runs, List, Global, Always],
            &[Gates, Muster, Live, Runs, List, Global, Always],
            &[Run, DryRun, Runs, List, Global, Always],
            &[Run, Live, Runs, List, Global, Always],
            &[Doubt, Run, DryRun, Runs, List, Global, Always],
            &[Doubt, Run, Live, Runs, List, Global, Always],
            &[History, List, Global, Always],
            &[Journal, List, Global, Always],
            &[List, Global, Always],
            &[Help, Always],
            &[Palette, Always],
            &[Confirm, Always],
            &[Line, Always],
            &[Redirect, Always],
            &[Unseal, Always],
            &[Qr, Always],
        ]
    }

    /// The heading in help.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Always => "Anywhere",
            Self::Global => "On every page",
            Self::List => "Moving",
            Self::Accounts => "Accounts",
            Self::Fresh => "Before the first account",
            Self::Table => "The list of accounts",
            Self::Details => "One account",
            Self::Zerodha => "An account at Zerodha",
            Self::Choose => "Choosing a broker",
            Self::Form => "The form",
            Self::Guide => "The address and the steps",
            Self::Egress => "The way out",
            Self::Check => "The connection test",
            Self::Login => "Waiting for the login",
            Self::Ended => "A test that has ended",
            Self::Failed => "A test that did not pass",
            Self::Refill => "The form behind the test",
            Self::Runs => "Runs",
            Self::Muster => "The muster board",
            Self::Roll => "The list of who is fit",
            Self::Gates => "One account's gates",
            Self::Run => "A run",
            Self::DryRun => "A plan that is a dry run",
            Self::Live => "A plan that is live",
            Self::Doubt => "A run with an order in doubt",
            Self::History => "The list of runs",
            Self::Journal => "Journal",
            Self::Help => "Help",
            Self::Palette => "Commands",
            Self::Confirm => "Confirming",
            Self::Line => "Typing a line",
            Self::Redirect => "Pasting the address",
            Self::Unseal => "Opening the vault",
            Self::Qr => "QR code",
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Binding {
    /// Where.
    pub(crate) context: Context,
    /// Any of these keys.
    pub(crate) keys: &'static [Key],
    /// Does this.
    pub(crate) cmd: Cmd,
    /// A word or two for the footer.
    pub(crate) label: &'static str,
    /// A sentence for help and palette.
    pub(crate) help: &'static str,
    /// Its place in the footer, from 1; 0 keeps it out.
    pub(crate) rank: u8,
    /// Who has it: gone for everybody else.
    pub(crate) need: Need,
}

/// What a binding does to the daemon, and so who has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Only looks.
    Look,
    /// Changes one's own accounts.
    Own,
    /// Changes what belongs to everybody.
    Operate,
}

/// The bindings in force, most particular first.
pub(crate) fn in_force(
    stack: &'static [Context],
    rights: Need,
) -> impl Iterator<Item = &'static Binding> {
    stack
        .iter()
        .flat_map(|context| BINDINGS.iter().filter(move |b| b.context == *context))
        .filter(move |binding| binding.need <= rights)
}

/// What the key does here.
pub(crate) fn lookup(stack: &'static [Context], key: Key, rights: Need) -> Option<Cmd> {
    in_force(stack, rights).find(|b| b.keys.contains(&key)).map(|b| b.cmd)
}

/// The footer's bindings in order: help first, so that it survives every width.
pub(crate) fn footer(stack: &'static [Context], rights: Need) -> Vec<&'static Binding> {
    let mut ranked: Vec<_> = in_force(stack, rights).filter(|b| b.rank > 0).collect();
    ranked.sort_by_key(|b| (b.cmd != Cmd::Help, b.rank));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_binding_has_keys_a_label_and_a_sentence() {
        for binding in BINDINGS {
            assert!(!binding.keys.is_empty(), "{binding:?}");
            assert!(!binding.label.is_empty(), "{binding:?}");
            assert!((8..=55).contains(&binding.help.len()), "{binding:?}");
        }
    }

    #[test]
    fn no_two_bindings_clash_where_both_are_in_force() {
        for stack in Context::stacks() {
            let mut seen = BTreeMap::new();
            for binding in in_force(stack, Need::Operate) {
                for key in binding.keys {
                    let other = seen.insert(*key, binding);
                    assert!(other.is_none(), "{key} in {stack:?}: {other:?} and {binding:?}");
                }
            }
        }
    }

    #[test]
    fn every_context_is_in_force_somewhere_and_every_page_offers_help_first() {
        for binding in BINDINGS {
            assert!(Context::stacks().iter().any(|s| s.contains(&binding.context)), "{binding:?}");
        }
        for stack in Context::stacks() {
            let overlay = [
                Context::Help,
                Context::Palette,
                Context::Confirm,
                Context::Line,
                Context::Redirect,
                Context::Unseal,
                Context::Qr,
            ];
            let first = footer(stack, Need::Look).first().map(|b| b.cmd);
            if !overlay.iter().any(|o| stack.contains(o)) {
                assert_eq!(first, Some(Cmd::Help), "{stack:?}");
            }
        }
    }

    #[test]
    fn keys_the_terminal_layer_owns_stay_free_and_nothing_destructive_is_lower_case() {
        for binding in BINDINGS {
            assert!(
                !binding.keys.contains(&Key::Ctrl('s')) && !binding.keys.contains(&Key::Ctrl('q'))
            );
            if matches!(binding.cmd, Cmd::Remove | Cmd::Arm | Cmd::Active | Cmd::RunNow) {
                assert!(
                    binding.need > Need::Look && matches!(binding.keys, [Key::Char('A'..='Z')]),
                    "{binding:?}"
                );
            }
        }
    }

    #[test]
    fn read_only_leaves_no_key_that_acts() {
        for stack in Context::stacks() {
            assert!(in_force(stack, Need::Look).all(|b| b.need == Need::Look));
        }
    }
}
