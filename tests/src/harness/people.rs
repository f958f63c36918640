//! People who connect their accounts, as the terminal client does it for them.

use anyhow::{Context, bail};
use muster_protocol::account::Credential;
use muster_protocol::check::{CheckOutcome, CheckTarget, CheckView};
use muster_protocol::client::FeedReceiver;
use muster_protocol::event::{Delta, Feed};
use muster_protocol::ids::{AccountId, TicketId, UserId};
use muster_protocol::reply::Ticket;
use muster_protocol::request::{Connect, Login, SubmitRedirect, Subscribe};
use muster_protocol::secret::Secret;
use url::Url;

use super::{World, http};
use crate::sandbox::{AngelOneAccount, BrowserLogin, KiteAccount};

/// Every secret the sandbox makes up holds this, in some case.
pub const SECRET_MARK: &str = "CANARY";

/// A person with one account.
pub enum Person {
    /// At Angel One.
    AngelOne(UserId, AngelOneAccount),
    /// At Zerodha.
    Zerodha(UserId, KiteAccount),
}

impl Person {
    /// Their name.
    pub const fn user(&self) -> &UserId {
        match self {
            Self::AngelOne(user, _) | Self::Zerodha(user, _) => user,
        }
    }

    /// What they type into the form.
    pub fn credential(&self) -> Credential {
        let secret = |text: &str| Secret::new(text.to_owned());
        match self {
            Self::AngelOne(_, account) => Credential::AngelOne {
                api_key: secret(&account.api_key),
                client_id: account.client_code.clone(),
                mpin: secret(&account.pin),
                totp_secret: secret(&account.totp_secret),
                api_secret: None,
            },
            Self::Zerodha(_, account) => Credential::Zerodha {
                api_key: secret(&account.api_key),
                api_secret: secret(&account.api_secret),
            },
        }
    }
}

impl World {
    /// Everyone who has an account at the sandbox, named after it.
    pub fn people(&self) -> anyhow::Result<Vec<Person>> {
        let summary = self.sandbox.summary();
        let name = |id: &str| -> anyhow::Result<UserId> { Ok(id.to_lowercase().parse()?) };
        let mut people = Vec::new();
        for account in summary.angel_one.accounts {
            people.push(Person::AngelOne(name(&account.client_code)?, account));
        }
        for account in summary.kite.accounts {
            people.push(Person::Zerodha(name(&account.user_id)?, account));
        }
        Ok(people)
    }

    /// Connects everyone, one after the other.
    pub async fn connect_all(&self) -> anyhow::Result<Vec<AccountId>> {
        let mut accounts = Vec::new();
        for person in self.people()? {
            accounts.push(self.connect_well(&person).await?);
        }
        Ok(accounts)
    }

    /// Connects a person, who logs in where that is needed; the account, or an error if the test failed.
    pub async fn connect_well(&self, person: &Person) -> anyhow::Result<AccountId> {
        let check = self.connect(person).await?;
        match check.saved_as {
            Some(account) => Ok(account),
            None => bail!("{} was not connected: {:?}", person.user(), check.outcome),
        }
    }

    /// Connects a person, and waits for the end of the test.
    pub async fn connect(&self, person: &Person) -> anyhow::Result<CheckView> {
        let (client, mut feed) = self.client().await?;
        client.call(Subscribe { journal_tail: 0 }).await?;
        let connect = Connect {
            user: person.user().clone(),
            egress: None,
            replaces: None,
            credential: person.credential(),
        };
        let ticket = client.call(connect).await?;
        if let Person::Zerodha(_, account) = person {
            let back = self.browser_login(account, &ticket)?;
            self.browser_returns(&back).await?;
        }
        ended(&mut feed, ticket.ticket, Over::Stored).await
    }

    /// The daily login at Zerodha, by callback.
    pub async fn log_in(&self, id: AccountId, account: &KiteAccount) -> anyhow::Result<CheckView> {
        let (client, mut feed) = self.client().await?;
        client.call(Subscribe { journal_tail: 0 }).await?;
        let ticket = client.call(Login { account: id }).await?;
        let back = self.browser_login(account, &ticket)?;
        self.browser_returns(&back).await?;
        ended(&mut feed, ticket.ticket, Over::Tested).await
    }

    /// The daily login at Zerodha, by pasting what the browser ended at.
    pub async fn log_in_by_paste(
        &self,
        id: AccountId,
        account: &KiteAccount,
    ) -> anyhow::Result<CheckView> {
        let (client, mut feed) = self.client().await?;
        client.call(Subscribe { journal_tail: 0 }).await?;
        let ticket = client.call(Login { account: id }).await?;
        let back = self.browser_login(account, &ticket)?;
        let redirected = Secret::new(back);
        client.call(SubmitRedirect { ticket: ticket.ticket, redirected }).await?;
        ended(&mut feed, ticket.ticket, Over::Tested).await
    }

    /// The person opens the link and logs in; the address the browser is sent to.
    pub fn browser_login(&self, account: &KiteAccount, ticket: &Ticket) -> anyhow::Result<String> {
        self.at_the_page(account, ticket, false)
    }

    /// The person opens the link and declines; the address the browser is sent to.
    pub fn browser_cancels(
        &self,
        account: &KiteAccount,
        ticket: &Ticket,
    ) -> anyhow::Result<String> {
        self.at_the_page(account, ticket, true)
    }

    fn at_the_page(
        &self,
        account: &KiteAccount,
        ticket: &Ticket,
        cancel: bool,
    ) -> anyhow::Result<String> {
        let link = Url::parse(ticket.link.as_deref().context("no login link")?)?;
        let of_link = |name: &str| {
            link.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let login = BrowserLogin {
            user_id: account.user_id.clone(),
            api_key: of_link("api_key").context("the link has no api_key")?,
            redirect_params: of_link("redirect_params").unwrap_or_default(),
            cancel,
        };
        self.sandbox.kite_login(&login).map_err(|why| anyhow::anyhow!("the login page: {why}"))
    }

    /// The browser follows the redirect to the daemon's callback.
    pub async fn browser_returns(&self, address: &str) -> anyhow::Result<()> {
        let (status, body) = http::get(address).await?;
        anyhow::ensure!(status == 200, "the callback answered {status}: {body}");
        Ok(())
    }
}

/// When a check is over: a connection that passed must be stored too, a login has nothing to store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Stored,
    Tested,
}

/// Waits for the end of a connection or login.
async fn ended(feed: &mut FeedReceiver, ticket: TicketId, over: Over) -> anyhow::Result<CheckView> {
    loop {
        let Some(item) = feed.recv().await else { bail!("the daemon went away") };
        let Feed::Delta { delta, .. } = item else { continue };
        let Delta::Check(check) = *delta else { continue };
        if check.target != CheckTarget::Ticket(ticket) {
            continue;
        }
        match &check.outcome {
            CheckOutcome::AwaitingLogin { .. } | CheckOutcome::Running => {}
            CheckOutcome::Passed if check.saved_as.is_none() && over == Over::Stored => {}
            CheckOutcome::Passed | CheckOutcome::Failed { .. } | CheckOutcome::Abandoned { .. } => {
                return Ok(check);
            }
        }
    }
}
