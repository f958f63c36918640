//! TLS: the printed authority, and nothing else, makes the sandbox trusted.

use std::sync::Arc;

use muster_tests::sandbox::{Sandbox, SandboxConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

fn connector(roots: RootCertStore) -> TlsConnector {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_gets_through() {
    let sandbox = Sandbox::start(SandboxConfig { tls: true, ..SandboxConfig::default() });
    let sandbox = sandbox.await.unwrap();
    let summary = sandbox.summary();
    let address = summary.observer_url.strip_prefix("https://").unwrap().to_owned();
    let name = || ServerName::try_from("127.0.0.1").unwrap();

    let mut roots = RootCertStore::empty();
    let pem = summary.ca_pem.unwrap();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let stream = TcpStream::connect(&address).await.unwrap();
    let mut stream = connector(roots).connect(name(), stream).await.unwrap();
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    // The sandbox hangs up without a farewell, as brokers' front ends do.
    stream.read_to_string(&mut text).await.ok();
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("127.0.0.1"), "{text}");

    let stream = TcpStream::connect(&address).await.unwrap();
    assert!(connector(RootCertStore::empty()).connect(name(), stream).await.is_err());
    sandbox.stop().await;
}
