//! The brokers' lists of instruments: kept in memory and in a file each, so that a restart needs no
//! network; renewed when asked, by one task at a time; searched beside the loop.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use muster_protocol::failure::FailureKind;
use muster_protocol::frame::{Code, Failure};
use muster_protocol::ids::AccountId;
use muster_protocol::instrument::{InstrumentView, MAX_FOUND};
use muster_protocol::order::{Broker, Exchange};
use muster_protocol::request::SearchInstruments;
use muster_protocol::time::Timestamp;

use super::Engine;
use super::ask::{Reply, said};
use super::jobs::{Signing, cause};
use crate::broker::Adapter;
use crate::broker::catalog::{Catalog, Downloaded, Stamp, Validators};
use crate::broker::error::BrokerError;
use crate::clock::Clock;
use crate::domain::effect::Route;
use crate::domain::msg::{ListLoaded, Msg};

/// A list with less than this part of the rows of the one before is taken for half a download.
const SHRUNK: usize = 2;

/// Every broker's list.
pub(super) struct Lists(BTreeMap<Broker, Arc<Slot>>);

/// One broker's list.
struct Slot {
    file: PathBuf,
    /// Held by whoever renews it.
    renewing: tokio::sync::Mutex<()>,
    kept: RwLock<Option<Arc<Catalog>>>,
}

/// By whom a list is asked for.
struct Asking {
    adapter: Arc<dyn Adapter>,
    /// Whose session there is, if the broker wants one.
    lender: Option<(AccountId, Signing)>,
    /// Whose was used.
    lent: Option<AccountId>,
}

impl Asking {
    /// Asks without a session, and once more with one where the broker says no to that: one of them
    /// may want it, which no document settles.
    async fn ask(&mut self, known: Option<&Validators>) -> Result<Option<Downloaded>, BrokerError> {
        let error = match self.adapter.list(None, known).await {
            Err(error) if wants_session(error.kind) => error,
            answer => return answer,
        };
        let Some((account, signing)) = &self.lender else {
            let says = error.says.unwrap_or_else(|| error.kind.words().to_owned());
            let says = format!("{says}; it is given to nobody who is not logged in");
            return Err(BrokerError::says(FailureKind::SessionExpired, says));
        };
        self.lent = Some(*account);
        signing.adapter.list(Some(signing.auth()), known).await
    }
}

/// The answers that a session may change.
const fn wants_session(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::SessionExpired | FailureKind::CredentialsRejected | FailureKind::Refused
    )
}

impl Lists {
    /// Lists with their files in this folder.
    pub(super) fn new(folder: &Path) -> Self {
        let slot = |broker: Broker| {
            let file = folder.join(format!("{}.list", broker.short()));
            let renewing = tokio::sync::Mutex::new(());
            (broker, Arc::new(Slot { file, renewing, kept: RwLock::new(None) }))
        };
        Self(Broker::ALL.map(slot).into())
    }
}

impl Slot {
    fn kept(&self) -> Option<Arc<Catalog>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, catalog: Catalog) -> Arc<Catalog> {
        let catalog = Arc::new(catalog);
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&catalog));
        catalog
    }

    /// What is kept, from the file the first time.
    async fn known(self: &Arc<Self>) -> Option<Arc<Catalog>> {
        if let Some(kept) = self.kept() {
            return Some(kept);
        }
        let slot = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || read(&slot.file)).await.ok().flatten()?;
        Some(self.keep(read))
    }

    /// The list as it is after `due`, from the broker if what is kept is older; and why there is no
    /// newer one, if so.
    async fn renew(
        self: &Arc<Self>,
        asking: &mut Asking,
        clock: &dyn Clock,
        due: Timestamp,
    ) -> (Option<Arc<Catalog>>, Option<BrokerError>) {
        let _turn = self.renewing.lock().await;
        let known = self.known().await;
        if let Some(known) = known.as_ref().filter(|known| known.stamp.checked >= due) {
            return (Some(Arc::clone(known)), None);
        }
        let validators = known.as_ref().map(|known| &known.stamp.validators);
        let now = clock.now();
        let catalog = match (asking.ask(validators).await, &known) {
            (Ok(None), Some(known)) => {
                let stamp = Stamp { checked: now, ..known.stamp.clone() };
                Catalog { stamp, listing: known.listing.clone() }
            }
            (Ok(Some(new)), known) => match accept(new, known.as_deref(), now) {
                Ok(catalog) => catalog,
                Err(error) => return (known.clone(), Some(error)),
            },
            (Ok(None), None) => return (None, Some(unasked())),
            (Err(error), known) => return (known.clone(), Some(error)),
        };
        let catalog = self.keep(catalog);
        let (slot, written) = (Arc::clone(self), Arc::clone(&catalog));
        let writing = tokio::task::spawn_blocking(move || write(&slot.file, &written.to_bytes()));
        if let Err(error) = writing.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            // It is in memory all the same; a restart will ask the broker again.
            tracing::warn!(%error, file = %self.file.display(), "a list of instruments was not kept");
        }
        (Some(catalog), None)
    }
}

/// A list that was downloaded, unless it is clearly not the whole.
fn accept(
    new: Downloaded,
    known: Option<&Catalog>,
    now: Timestamp,
) -> Result<Catalog, BrokerError> {
    let (rows, before) = (new.listing.len(), known.map_or(0, |known| known.listing.len()));
    if rows == 0 || rows < before / SHRUNK {
        let says = format!("the list has {rows} instruments; the one before had {before}");
        return Err(BrokerError::says(FailureKind::Malformed, says));
    }
    let stamp = Stamp { loaded: now, checked: now, validators: new.validators };
    Ok(Catalog { stamp, listing: new.listing })
}

fn unasked() -> BrokerError {
    let says = "the broker says its list is unchanged, and none is known";
    BrokerError::says(FailureKind::Malformed, says)
}

fn read(file: &Path) -> Option<Catalog> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, file = %file.display(), "a list of instruments cannot be read");
            }
            return None;
        }
    };
    let read = Catalog::from_bytes(bytes);
    if let Err(error) = &read {
        tracing::warn!(%error, file = %file.display(), "a list of instruments is of no use");
    }
    read.ok()
}

/// In one step: a crash leaves the list before or this one.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().ok_or_else(|| io::Error::other("no folder"))?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = file.with_extension("new");
    let mut open = File::options();
    let mut writing = open.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writing.write_all(bytes)?;
    writing.sync_all()?;
    fs::rename(&draft, file)?;
    File::open(folder)?.sync_all()
}

impl Engine {
    /// Renews a broker's list, and says what of it was wanted.
    pub(super) fn load_instruments(
        &mut self,
        broker: Broker,
        wanted: BTreeSet<(Exchange, String)>,
        due: Timestamp,
        lender: Option<(AccountId, Route)>,
    ) {
        let first = self.model.settings.egress.first();
        let adapter = first.and_then(|egress| self.brokers.adapter(broker, &egress.name));
        let slot = self.brokers.lists.0.get(&broker).map(Arc::clone);
        let (Some(adapter), Some(slot)) = (adapter, slot) else { return };
        // A sealed vault lends nothing; then the list comes where it needs no session.
        let lender = lender.and_then(|(id, route)| Some((id, self.signing(&route, id).ok()?)));
        let mut asking = Asking { adapter, lender, lent: None };
        let (back_to, clock) = (self.back_to.clone(), Arc::clone(&self.clock));
        tokio::spawn(async move {
            let (list, failed) = slot.renew(&mut asking, &*clock, due).await;
            let find = |(exchange, symbol): &(Exchange, String)| {
                list.as_ref().and_then(|list| list.listing.find(*exchange, symbol))
            };
            let loaded = ListLoaded {
                found: wanted.iter().filter_map(find).collect(),
                wanted,
                checked: list.as_ref().map(|list| list.stamp.checked),
                size: list.as_ref().map_or(0, |list| list.listing.len()),
                failed: failed.map(cause),
                lent: asking.lent,
            };
            drop(
                back_to
                    .send(super::handle::Back::Msg(Box::new(Msg::Instruments { broker, loaded }))),
            );
        });
    }

    /// Searches all lists, beside the loop.
    pub(super) fn search_instruments(&self, search: SearchInstruments, reply: Reply) {
        let slots = self.brokers.lists.0.iter();
        let lists: Vec<(Broker, Arc<Catalog>)> =
            slots.filter_map(|(broker, slot)| Some((*broker, slot.kept()?))).collect();
        tokio::task::spawn_blocking(move || {
            let answer = if lists.is_empty() {
                let why =
                    "no list of instruments is here yet; it comes with a broker's first account";
                Err(Failure::new(Code::NotFound, why))
            } else {
                said(&found(&lists, &search))
            };
            // The peer may have gone.
            drop(reply.send(answer));
        });
    }
}

/// The instruments of all lists, each once, in the order of the list that fits best.
fn found(lists: &[(Broker, Arc<Catalog>)], search: &SearchInstruments) -> Vec<InstrumentView> {
    let most = usize::try_from(search.limit.min(MAX_FOUND)).unwrap_or(0);
    let mut views: Vec<InstrumentView> = Vec::new();
    for (_, list) in lists {
        for listed in list.listing.search(&search.text, most) {
            let row = listed.instrument;
            let same =
                |view: &InstrumentView| view.exchange == row.exchange && view.symbol == row.symbol;
            if views.iter().any(same) {
                continue;
            }
            let has = |(broker, list): &(Broker, Arc<Catalog>)| {
                list.listing.find(row.exchange, &row.symbol).map(|_| *broker)
            };
            let brokers = lists.iter().filter_map(has).collect();
            let (exchange, symbol, name) = (row.exchange, row.symbol, listed.name);
            let (tick, lot) = (row.tick, row.lot);
            views.push(InstrumentView { exchange, symbol, name, tick, lot, brokers });
        }
    }
    views.truncate(most);
    views
}
