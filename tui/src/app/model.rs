//! The client's whole state. It holds no secret: not what is typed, not a session, nothing to hide.

use std::collections::BTreeMap;

use muster_protocol::ids::AccountId;
use muster_protocol::reply::{Role, Welcome};
use muster_protocol::time::Timestamp;

use crate::app::effect::Ask;
use crate::app::field::TextField;
use crate::app::form::{FieldName, SecretField};
use crate::app::keymap::{Context, Need};
use crate::app::layout::Size;
use crate::app::look::Look;
use crate::app::msg::{CallId, Lost, Notice};
use crate::app::overlay::Overlay;
use crate::app::screens::accounts::{self, AccountsScreen};
use crate::app::screens::connect::{self, ConnectScreen, Stage};
use crate::app::screens::journal::JournalScreen;
use crate::app::screens::runs::{self, RunsScreen};
use crate::app::screens::system::SystemScreen;
use crate::app::world::World;

/// How long a switch can be taken back.
pub(crate) const UNDO_MS: i64 = 10_000;

/// How long an answer is waited for.
pub(crate) const ANSWER_MS: i64 = 30_000;

/// How long a notice stays.
pub(crate) const NOTICE_MS: i64 = 6_000;

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Accounts,
    Connect,
    Runs,
    Journal,
    System,
}

impl Page {
    /// Every page, in the order of the tabs.
    pub(crate) const ALL: [Self; 5] =
        [Self::Accounts, Self::Connect, Self::Runs, Self::Journal, Self::System];

    /// The word on the tab.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Accounts => "Accounts",
            Self::Connect => "Connect",
            Self::Runs => "Runs",
            Self::Journal => "Journal",
            Self::System => "System",
        }
    }
}

/// The connection to the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    /// Being made for the first time or again.
    Connecting,
    /// There, and everything shown is fresh.
    Live,
    /// Gone; the next attempt is due at an instant of the client's own clock.
    Lost { lost: Lost, retry_at: Timestamp },
}

/// A request under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// What to say when it is done; nothing if empty.
    pub(crate) done: String,
    /// What the answer is for.
    pub(crate) purpose: Purpose,
    /// The rows it concerns.
    pub(crate) rows: Vec<AccountId>,
    /// What takes it back, where that is cheap.
    pub(crate) undo: Option<Ask>,
    /// When it was asked for, on the client's own clock.
    pub(crate) at: Timestamp,
}

/// What takes the last switch back, and until when on the client's own clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undo {
    pub(crate) ask: Ask,
    pub(crate) until: Timestamp,
}

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Plain,
    /// The ticket is the connection or login shown on Connect.
    Ticket,
    /// The store and what guards it.
    House,
    /// Who is fit, and the gates.
    Muster,
}

/// The daemon's clock: its last word, and when it was heard on the client's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExchangeClock {
    pub(crate) said: Timestamp,
    pub(crate) heard: Timestamp,
}

/// Everything.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) look: Look,
    pub(crate) size: Size,
    /// The client's own clock: milliseconds since it started. Never shown.
    pub(crate) local: Timestamp,
    pub(crate) clock: Option<ExchangeClock>,
    pub(crate) link: Link,
    pub(crate) welcome: Option<Welcome>,
    /// When the daemon was last heard, on the client's own clock.
    pub(crate) heard: Option<Timestamp>,
    pub(crate) world: World,
    pub(crate) page: Page,
    pub(crate) accounts: AccountsScreen,
    pub(crate) connect: ConnectScreen,
    pub(crate) runs: RunsScreen,
    pub(crate) journal: JournalScreen,
    pub(crate) system: SystemScreen,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) notice: Option<Notice>,
    pub(crate) pending: BTreeMap<CallId, Pending>,
    pub(crate) undo: Option<Undo>,
    pub(crate) next_call: u64,
    /// Asked for by a flag; a viewer's role does the same.
    pub(crate) only_look: bool,
    /// Asked for by a key, and taken back by it.
    pub(crate) hands_off: bool,
}

impl Model {
    /// The state before the daemon has been heard.
    pub(crate) fn new(size: Size, look: Look, only_look: bool) -> Self {
        Self {
            look,
            size,
            local: Timestamp::from_millis(0),
            clock: None,
            link: Link::Connecting,
            welcome: None,
            heard: None,
            world: World::default(),
            page: Page::Accounts,
            accounts: AccountsScreen::default(),
            connect: ConnectScreen::default(),
            runs: RunsScreen::default(),
            journal: JournalScreen::default(),
            system: SystemScreen::default(),
            overlay: None,
            notice: None,
            pending: BTreeMap::new(),
            undo: None,
            next_call: 0,
            hands_off: false,
            only_look,
        }
    }

    /// Exchange time by the daemon's clock, once it has been heard.
    pub(crate) fn now(&self) -> Option<Timestamp> {
        self.clock.map(|clock| clock.said.plus(self.local.since(clock.heard)))
    }

    /// True when nothing may be changed.
    pub(crate) fn read_only(&self) -> bool {
        self.only_look
            || self.hands_off
            || self.welcome.as_ref().is_some_and(|w| w.role == Role::Viewer)
    }

    /// Which keys there are for whoever looks.
    pub(crate) fn rights(&self) -> Need {
        let role = self.welcome.as_ref().map(|welcome| &welcome.role);
        match role {
            _ if self.read_only() => Need::Look,
            Some(Role::User { .. }) => Need::Own,
            _ => Need::Operate,
        }
    }

    /// True when what is shown may be out of date.
    pub(crate) const fn is_stale(&self) -> bool {
        !matches!(self.link, Link::Live)
    }

    /// The address to register at the brokers: on Connect that of the chosen egress, else the default.
    pub(crate) fn address(&self) -> Option<&str> {
        let chosen = self.connect.egress(self).filter(|_| self.page == Page::Connect);
        let default = || self.world.status.as_ref().and_then(|status| status.egress.first());
        chosen.or_else(default).map(|egress| egress.address.as_str())
    }

    /// The contexts whose keys are in force, the most particular first.
    pub(crate) fn stack(&self) -> &'static [Context] {
        use Context as C;
        match &self.overlay {
            Some(Overlay::Help { .. }) => return &[C::Help, C::Always],
            Some(Overlay::Palette { .. }) => return &[C::Palette, C::Always],
            Some(Overlay::Confirm(_)) => return &[C::Confirm, C::Always],
            Some(Overlay::Line { .. }) => return &[C::Line, C::Always],
            Some(Overlay::Redirect) => return &[C::Redirect, C::Always],
            Some(Overlay::Unseal) => return &[C::Unseal, C::Always],
            Some(Overlay::Qr) => return &[C::Qr, C::Always],
            None => {}
        }
        match (self.page, &self.connect.stage) {
            (Page::Accounts, _) => accounts::contexts(self),
            (Page::Connect, Stage::Choose) => &[C::Choose, C::List, C::Global, C::Always],
            (Page::Connect, Stage::Form) if self.connect.form.focus == FieldName::Guide => {
                &[C::Guide, C::Form, C::Always]
            }
            (Page::Connect, Stage::Form) if self.connect.form.focus == FieldName::Egress => {
                &[C::Egress, C::Form, C::Always]
            }
            (Page::Connect, Stage::Form) => &[C::Form, C::Always],
            (Page::Connect, Stage::Check { .. }) => connect::contexts(self),
            (Page::Runs, _) => runs::contexts(self),
            (Page::Journal, _) => &[C::Journal, C::List, C::Global, C::Always],
            (Page::System, _) => &[C::List, C::Global, C::Always],
        }
    }

    /// The secret field that takes what is typed, if one does.
    pub(crate) fn secret_focus(&self) -> Option<SecretField> {
        match (&self.overlay, self.page, &self.connect.stage) {
            (Some(Overlay::Redirect), ..) => Some(SecretField::Redirect),
            (Some(Overlay::Unseal), ..) => Some(SecretField::Vault),
            (None, Page::Connect, Stage::Form) => match self.connect.form.focus {
                FieldName::Secret(field) => Some(field),
                _ => None,
            },
            _ => None,
        }
    }

    /// The field for plain text that takes what is typed, if one does.
    pub(crate) fn text_focus(&mut self) -> Option<&mut TextField> {
        match (&mut self.overlay, self.page, &self.connect.stage) {
            (Some(Overlay::Palette { typed, .. } | Overlay::Line { typed, .. }), ..) => Some(typed),
            (Some(Overlay::Confirm(question)), ..) if question.name.is_some() => {
                Some(&mut question.typed)
            }
            (None, Page::Connect, Stage::Form) => match self.connect.form.focus {
                FieldName::User => Some(&mut self.connect.form.user),
                FieldName::ClientId => Some(&mut self.connect.form.client_id),
                _ => None,
            },
            _ => None,
        }
    }

    /// The fields a pasted block may fill, while the form is open.
    pub(crate) fn block_fields(&self) -> Option<Vec<FieldName>> {
        let open = self.overlay.is_none() && self.page == Page::Connect;
        (open && self.connect.stage == Stage::Form).then(|| self.connect.form.fields().collect())
    }

    /// True when pasted text has somewhere to go that is no secret.
    pub(crate) fn takes_text(&self) -> bool {
        match (&self.overlay, self.page, &self.connect.stage) {
            (Some(Overlay::Palette { .. } | Overlay::Line { .. }), ..) => true,
            (Some(Overlay::Confirm(question)), ..) => question.name.is_some(),
            (None, Page::Connect, Stage::Form) => {
                matches!(self.connect.form.focus, FieldName::User | FieldName::ClientId)
            }
            _ => false,
        }
    }
}
