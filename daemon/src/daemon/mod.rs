//! The daemon as one function: everything wired together, the edges passed in.

mod opening;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use interprocess::local_socket::tokio::Listener;
use interprocess::local_socket::{GenericFilePath, ListenerOptions, ToFsName};
use muster_protocol::event::{Area, JournalEntry, Level};
use muster_protocol::status::HoldReason;
use muster_protocol::time::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::opening::opened;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, EgressConfig};
use crate::custody::Custody;
use crate::domain::calendar::Calendar;
use crate::domain::model::{EgressSettings, LOGIN_TTL_MS, Model, Settings};
use crate::domain::record::{HoldEvent, Record};
use crate::egress::Egress;
use crate::engine::{Brokers, BrokersError, BrokersSetup, Engine, EngineError, Parts};
use crate::passphrase::Passphrase;
use crate::server::Roles;
use crate::store::{Batch, Epochs, Found, Store, StoreError, encode};
use crate::vault::{Header, KdfParams, Vault, VaultError};
use crate::{callback, server, systemd};

pub use self::opening::Opening;

/// The outside world, as far as a test replaces it.
pub struct Edges {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The socket, if systemd made it; else it is made where the configuration says.
    pub socket: Option<Listener>,
}

/// Why the daemon does not run; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error("the store {path}: {source}")]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The store is new.
    #[error("the store {0} has no vault yet: run `musterd init` once")]
    NoVault(PathBuf),
    /// The vault does not open.
    #[error("the vault: {0}")]
    Vault(#[from] VaultError),
    /// The brokers' adapters cannot be made.
    #[error(transparent)]
    Brokers(#[from] BrokersError),
    /// The engine ended.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The socket cannot be made.
    #[error("the socket {path} cannot be made: {source}")]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The callback cannot listen.
    #[error(
        "the login callback cannot listen on {address}: {source}; set callback.listen to a free port"
    )]
    Callback {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Makes the store and its vault. Refuses a store that has one.
pub fn init(config: &Config, passphrase: &Passphrase, cost: KdfParams) -> Result<(), DaemonError> {
    let at = |source| DaemonError::Store { path: config.store.clone(), source };
    let store = Store::open(&config.store).map_err(at)?;
    let (header, _) = Vault::create(passphrase.expose(), cost)?;
    store.put_header(&header.to_bytes()).map_err(at)?;
    store.close().map_err(at)
}

/// Runs the daemon until told to stop.
///
/// In this order: lock the store, open the vault if its passphrase is at hand, replay, listen; the engine doubts and looks up
/// what a crash left before it sends anything.
pub async fn run(
    config: Config,
    opening: impl Into<Opening>,
    edges: Edges,
    stop: CancellationToken,
) -> Result<(), DaemonError> {
    let opening = opening.into();
    config.check()?;
    let at = |source| DaemonError::Store { path: config.store.clone(), source };
    let store = Arc::new(Store::open(&config.store).map_err(at)?);
    let header = store.header().map_err(at)?;
    let header = header.ok_or_else(|| DaemonError::NoVault(config.store.clone()))?;
    let header = Header::from_bytes(&header)?;
    let epochs = Epochs::beside(&config.store);
    hold_if_put_back(&store, &epochs, edges.clock.now()).map_err(at)?;
    let vault = opened((&store, &header), opening, edges.clock.now()).await;
    let vault = vault.map_err(|error| error.at(&config.store))?;
    let (rows, user_keys) = (store.sealed().map_err(at)?, store.user_keys().map_err(at)?);
    let custody = Custody::new(header, vault, rows, user_keys);
    let brokers = Brokers::new(&brokers_setup(&config), egresses(&config), &edges.clock)?;
    let mut model = Model::new(settings(&config), Calendar::built_in(), edges.clock.now());
    model.vault = custody.state();
    let parts =
        Parts { model, store: Arc::clone(&store), epochs, custody, clock: edges.clock, brokers };
    let (engine, handle) = Engine::new(parts)?;

    let listener = match edges.socket {
        Some(listener) => listener,
        None => listen(&config.socket)?,
    };
    let callback = listen_callback(&config).await?;
    let roles = Roles::new(&config.access, rustix::process::geteuid().as_raw());
    let ended = CancellationToken::new();
    let served = tokio::spawn(server::serve(listener, handle.clone(), roles, ended.clone()));
    let called = callback
        .map(|listener| tokio::spawn(callback::serve(listener, handle.clone(), ended.clone())));
    let watched = tokio::spawn(systemd::watchdog(handle, ended.clone()));
    systemd::ready("serving");
    let told = stop.clone();
    tokio::spawn(async move {
        told.cancelled().await;
        systemd::stopping();
    });
    // A task like its calls: they wake each other without a detour through another thread.
    let ran = tokio::spawn(engine.run(stop)).await;
    ended.cancel();
    // They end by the token; a panic in one of them was already printed.
    drop((served.await, watched.await));
    if let Some(called) = called {
        drop(called.await);
    }
    match ran {
        Ok(ran) => ran?,
        // Nothing cancels it: it panicked, and that was printed.
        Err(broken) => broken.try_into_panic().map_or((), |panic| std::panic::resume_unwind(panic)),
    }
    close(store, &config.store)
}

/// A store that is older than the file beside it says was put back by somebody: orders of today may
/// be at the brokers that it does not know, so runs are held, and that is durable before anything else.
fn hold_if_put_back(store: &Store, epochs: &Epochs, now: Timestamp) -> Result<(), StoreError> {
    let (found, next) = epochs.look(store)?;
    let reason = match found {
        Found::Newest => None,
        Found::Older => Some(HoldReason::OlderStore),
        Found::NoFile => Some(HoldReason::NoEpoch),
    };
    let mut batch = Batch::default();
    if let Some(reason) = reason {
        tracing::error!("{}", reason.words());
        batch.records.push(encode(&Record::Hold(HoldEvent::Held { reason, at: now })));
        batch.journal.push(entry(reason.words(), now));
    }
    epochs.advance(store, batch, next)
}

/// An entry that nobody may overlook.
fn entry(text: impl Into<String>, at: Timestamp) -> JournalEntry {
    JournalEntry {
        seq: 0,
        at,
        level: Level::Error,
        area: Area::Daemon,
        user: None,
        account: None,
        broker: None,
        run: None,
        text: text.into(),
    }
}

fn close(store: Arc<Store>, path: &Path) -> Result<(), DaemonError> {
    match Arc::try_unwrap(store) {
        Ok(store) => {
            store.close().map_err(|source| DaemonError::Store { path: path.to_owned(), source })
        }
        // A journal query still reads; dropping the last reference closes the file.
        Err(_) => Ok(()),
    }
}

fn settings(config: &Config) -> Settings {
    let egress = config.egress.iter().map(|egress| EgressSettings {
        name: egress.name.clone(),
        address: egress.address.clone(),
        bind: egress.bind.map(|bind| bind.to_string()),
        proxied: egress.proxy.is_some(),
    });
    Settings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        egress: egress.collect(),
        muster_times: config.muster_times.clone(),
        freeze_lead_ms: i64::from(config.freeze_lead_s) * 1_000,
        login_ttl_ms: LOGIN_TTL_MS,
        callback: config.callback.enabled.then(|| config.callback.listen.to_string()),
        shared_egress: config.shared_egress,
        ntp: config.clock.ntp,
    }
}

fn egresses(config: &Config) -> Vec<Egress> {
    let egress = |egress: &EgressConfig| Egress {
        name: egress.name.clone(),
        address: egress.address.clone(),
        bind: egress.bind,
        proxy: egress.proxy.clone(),
        observe_urls: egress.observe_url.iter().chain(&egress.observe_urls).cloned().collect(),
    };
    config.egress.iter().map(egress).collect()
}

fn brokers_setup(config: &Config) -> BrokersSetup {
    let millis = |ms: u32| Duration::from_millis(u64::from(ms));
    let brokers = config.brokers.clone();
    BrokersSetup {
        angel_one: brokers.angel_one,
        angel_one_instruments: brokers.angel_one_instruments,
        zerodha: brokers.zerodha,
        zerodha_login: brokers.zerodha_login,
        extra_ca: brokers.extra_ca,
        lists: config.store.with_file_name("instruments"),
        timeouts: Some((millis(config.http.connect_ms), millis(config.http.call_ms))),
    }
}

/// Makes the socket. The store's lock has shown that we are alone, so a socket file left by a
/// daemon that was killed is ours to replace. The mode is set after binding: the umask would narrow it.
fn listen(path: &Path) -> Result<Listener, DaemonError> {
    let at = |source| DaemonError::Socket { path: path.to_owned(), source };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(error)),
        Ok(()) | Err(_) => {}
    }
    let name = path.to_fs_name::<GenericFilePath>().map_err(at)?;
    let listener = ListenerOptions::new().name(name).create_tokio().map_err(at)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(at)?;
    Ok(listener)
}

async fn listen_callback(config: &Config) -> Result<Option<TcpListener>, DaemonError> {
    if !config.callback.enabled {
        return Ok(None);
    }
    let address = config.callback.listen;
    let listener = TcpListener::bind(address).await;
    listener.map(Some).map_err(|source| DaemonError::Callback { address, source })
}
