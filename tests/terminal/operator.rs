//! What a person's hands do: open the form, type, read the link off the screen.

use muster_protocol::ids::TicketId;
use muster_protocol::reply::Ticket;
use muster_tests::harness::{Person, Setup, World};
use muster_tests::sandbox::{AngelOneAccount, KiteAccount};

use crate::screen::{ENTER, Screen, TAB};

/// A world with so many accounts at the brokers.
pub(crate) async fn world(accounts: usize) -> anyhow::Result<World> {
    World::new(Setup { accounts, ..Setup::default() }).await
}

/// The first account at Angel One.
pub(crate) fn at_angel_one(world: &World) -> anyhow::Result<AngelOneAccount> {
    let mut people = world.people()?.into_iter();
    let found = people.find_map(|person| match person {
        Person::AngelOne(_, account) => Some(account),
        Person::Zerodha(..) => None,
    });
    found.ok_or_else(|| anyhow::anyhow!("no account at Angel One"))
}

/// The first account at Zerodha.
pub(crate) fn at_zerodha(world: &World) -> anyhow::Result<KiteAccount> {
    let mut people = world.people()?.into_iter();
    let found = people.find_map(|person| match person {
        Person::Zerodha(_, account) => Some(account),
        Person::AngelOne(..) => None,
    });
    found.ok_or_else(|| anyhow::anyhow!("no account at Zerodha"))
}

impl Screen {
    /// Goes to Connect and opens the form of Angel One.
    pub(crate) async fn open_angel_one(&self) -> anyhow::Result<()> {
        self.shows(&["connected"]).await?;
        self.press("2")?;
        self.shows(&["At which broker"]).await?;
        self.press(ENTER)?;
        self.shows(&["2/4 Angel One"]).await
    }

    /// Types a credential of Angel One for `asha.k`, the focus being above the fields.
    pub(crate) fn type_angel_one(&self, account: &AngelOneAccount) -> anyhow::Result<()> {
        let fields =
            ["asha.k", &account.client_code, &account.api_key, &account.pin, &account.totp_secret];
        fields.iter().try_for_each(|field| self.press(&format!("{TAB}{field}")))
    }

    /// Connects `chitra.r` at Zerodha up to the login link.
    pub(crate) async fn begin_zerodha(&self, account: &KiteAccount) -> anyhow::Result<Ticket> {
        self.shows(&["connected"]).await?;
        self.press("2")?;
        self.shows(&["At which broker"]).await?;
        self.press(&format!("j{ENTER}"))?;
        self.shows(&["2/4 Zerodha", "WARNING: IP WHITELISTING REQUIRED FOR ORDERS"]).await?;
        let (key, secret) = (&account.api_key, &account.api_secret);
        self.press(&format!("{TAB}chitra.r{TAB}{key}{TAB}{secret}{ENTER}"))?;
        self.shows(&["Open on any device", "waiting for the redirect"]).await?;
        Ok(Ticket { ticket: TicketId(0), link: Some(self.link()), expires: None })
    }

    /// The login link, as a person copies it: over several rows.
    fn link(&self) -> String {
        let text = self.text();
        let rows = text.lines().skip_while(|row| !row.contains("Open on any device")).skip(1);
        rows.take_while(|row| !row.contains("c copy")).map(str::trim).collect()
    }
}
