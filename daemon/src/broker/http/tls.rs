//! Which certificates are trusted: read once, shared by every client.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};

/// What keeps a client from being built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The extra CA file holds no certificate.
    #[error("the extra CA file holds no readable PEM certificate")]
    ExtraCa,
    /// The proxy is no URL.
    #[error("the proxy is not an address such as socks5h://127.0.0.1:1080")]
    Proxy,
    /// The connection timeout would hide what it must prove.
    #[error("the connect timeout must be shorter than the total timeout")]
    Timeouts,
    /// The crypto provider or the client refused its settings.
    #[error("the TLS or HTTP client could not be set up")]
    Client,
}

/// The trusted roots and TLS settings.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    roots: usize,
}

impl Tls {
    /// Reads the system's roots, and those of `extra_ca` (PEM) if given.
    pub fn new(extra_ca: Option<&[u8]>) -> Result<Self, SetupError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(pem) = extra_ca {
            let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            let parsed = parsed.map_err(|_| SetupError::ExtraCa)?;
            if roots.add_parsable_certificates(parsed).0 == 0 {
                return Err(SetupError::ExtraCa);
            }
        }
        let count = roots.len();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|_| SetupError::Client)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), roots: count })
    }

    /// How many roots are trusted; with none, no broker can be reached over TLS.
    pub const fn roots(&self) -> usize {
        self.roots
    }

    /// The settings with a store of their own for TLS tickets: shared tickets would link accounts.
    pub(super) fn for_one_client(&self) -> ClientConfig {
        let mut config = ClientConfig::clone(&self.config);
        config.resumption = Resumption::in_memory_sessions(8);
        config
    }
}
