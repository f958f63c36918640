//! The brokers' adapters: one client for each egress and broker, none shared across source addresses.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use muster_protocol::ids::EgressName;
use muster_protocol::order::Broker;

use super::check::observe;
use super::health::{Kept, Watched};
use super::limited::{Limited, Limits};
use super::lists::Lists;
use super::offsets::Offsets;
use crate::broker::base_url::{BaseUrl, InvalidBaseUrl};
use crate::broker::http::{Http, SetupError, Timeouts, Tls};
use crate::broker::{Adapter, Endpoints, adapter};
use crate::clock::Clock;
use crate::egress::Egress;

/// Where the brokers are and how long to wait for them.
#[derive(Debug, Clone, Default)]
pub struct BrokersSetup {
    /// Angel One's REST root, if not the real one.
    pub angel_one: Option<String>,
    /// Angel One's instrument master, if not the real one.
    pub angel_one_instruments: Option<String>,
    /// Kite's REST root, if not the real one.
    pub zerodha: Option<String>,
    /// Kite's login page, if not the real one.
    pub zerodha_login: Option<String>,
    /// A file of PEM certificates trusted beside the system's.
    pub extra_ca: Option<PathBuf>,
    /// Where their lists of instruments are kept.
    pub lists: PathBuf,
    /// The time-outs of a connection and of a whole call.
    pub timeouts: Option<(Duration, Duration)>,
}

/// Why the adapters cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BrokersError {
    /// A broker's address is no address.
    #[error("brokers.{field}: {source}")]
    Address {
        /// Which, by its key in the configuration.
        field: &'static str,
        /// Why.
        source: InvalidBaseUrl,
    },
    /// The extra certificates cannot be read.
    #[error("brokers.extra_ca: {path}: {source}")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A client cannot be made.
    #[error("egress {egress}: {source}")]
    Client {
        /// For which egress.
        egress: EgressName,
        /// Why.
        source: SetupError,
    },
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(SetupError),
}

/// One way out, ready.
pub(super) struct WayOut {
    pub(super) egress: Egress,
    pub(super) observer: Http,
}

/// Every adapter, by egress and broker.
pub struct Brokers {
    adapters: BTreeMap<(Broker, EgressName), Arc<dyn Adapter>>,
    ways: BTreeMap<EgressName, Arc<WayOut>>,
    pub(super) offsets: Arc<Offsets>,
    pub(super) lists: Lists,
    pub(super) health: [Arc<Kept>; Broker::ALL.len()],
}

impl Brokers {
    /// Makes every adapter, for each egress its own clients.
    pub fn new(
        setup: &BrokersSetup,
        egresses: Vec<Egress>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, BrokersError> {
        let limits = Broker::ALL.map(|broker| Limits::new(broker, Arc::clone(clock)));
        let endpoints = endpoints(setup)?;
        let tls = Tls::new(certificates(setup)?.as_deref()).map_err(BrokersError::Tls)?;
        let timeouts = setup
            .timeouts
            .map_or_else(Timeouts::default, |(connect, total)| Timeouts { connect, total });
        let (adapters, ways) = (BTreeMap::new(), BTreeMap::new());
        let (lists, offsets) = (Lists::new(&setup.lists), Offsets::new(Arc::clone(clock)));
        let health = Broker::ALL.map(|broker| Kept::new(broker, Arc::clone(clock)));
        let mut brokers = Self { adapters, ways, offsets, lists, health };
        for egress in egresses {
            let name = egress.name.clone();
            let http = || {
                Http::new(&tls, &observe::route(&egress), timeouts)
                    .map_err(|source| BrokersError::Client { egress: name.clone(), source })
            };
            let of_each = Broker::ALL.into_iter().zip(&limits).zip(&brokers.health);
            for ((broker, limits), kept) in of_each {
                let http = http()?.telling(brokers.offsets.of(broker));
                let made = adapter(broker, &endpoints, http);
                let made = Arc::new(Watched::new(made, Arc::clone(kept)));
                let made = Arc::new(Limited::new(made, Arc::clone(limits)));
                brokers.adapters.insert((broker, name.clone()), made);
            }
            let observer = http()?;
            brokers.ways.insert(name.clone(), Arc::new(WayOut { egress, observer }));
        }
        Ok(brokers)
    }

    pub(super) fn adapter(&self, broker: Broker, egress: &EgressName) -> Option<Arc<dyn Adapter>> {
        self.adapters.get(&(broker, egress.clone())).map(Arc::clone)
    }

    pub(super) fn way(&self, egress: &EgressName) -> Option<Arc<WayOut>> {
        self.ways.get(egress).map(Arc::clone)
    }

    pub(super) fn ways(&self) -> impl Iterator<Item = Arc<WayOut>> {
        self.ways.values().map(Arc::clone)
    }
}

fn endpoints(setup: &BrokersSetup) -> Result<Endpoints, BrokersError> {
    let mut endpoints = Endpoints::default();
    let set = |slot: &mut BaseUrl, field, text: &Option<String>| {
        if let Some(text) = text {
            *slot =
                BaseUrl::parse(text).map_err(|source| BrokersError::Address { field, source })?;
        }
        Ok(())
    };
    set(&mut endpoints.angel_one, "angel_one", &setup.angel_one)?;
    set(
        &mut endpoints.angel_one_instruments,
        "angel_one_instruments",
        &setup.angel_one_instruments,
    )?;
    set(&mut endpoints.zerodha, "zerodha", &setup.zerodha)?;
    set(&mut endpoints.zerodha_login, "zerodha_login", &setup.zerodha_login)?;
    Ok(endpoints)
}

fn certificates(setup: &BrokersSetup) -> Result<Option<Vec<u8>>, BrokersError> {
    let Some(path) = &setup.extra_ca else { return Ok(None) };
    let bytes = std::fs::read(path)
        .map_err(|source| BrokersError::Certificates { path: path.clone(), source })?;
    Ok(Some(bytes))
}
