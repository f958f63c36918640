//! I13, outside of the daemon's own words: TLS keys are not written down, whatever the environment asks.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use muster_tests::sandbox::{Sandbox, SandboxConfig};
use musterd::broker::base_url::BaseUrl;
use musterd::broker::http::{Call, Http, Route, Timeouts, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, KeyLogFile, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn tls_sandbox() -> anyhow::Result<(Sandbox, String, String)> {
    let config = SandboxConfig { tls: true, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await?;
    let summary = sandbox.summary();
    let pem = summary.ca_pem.context("the sandbox's authority")?;
    Ok((sandbox, summary.observer_url, pem))
}

/// What the next test runs in a process of its own; by itself it shows that TLS works.
#[tokio::test]
async fn a_call_of_the_product_over_tls() -> anyhow::Result<()> {
    let (sandbox, url, pem) = tls_sandbox().await?;
    let http = Http::new(&Tls::new(Some(pem.as_bytes()))?, &Route::default(), Timeouts::default())?;
    let url = BaseUrl::parse(&url).map_err(|_| anyhow::anyhow!("no address: {url}"))?;
    let reply = http.send(Call::get(url.url())).await?;
    assert_eq!(reply.status, 200);
    sandbox.stop().await;
    Ok(())
}

/// And this: a client that does write its keys down, to show that it would be seen.
#[tokio::test]
async fn a_call_of_a_client_that_logs_its_keys() -> anyhow::Result<()> {
    let (sandbox, url, pem) = tls_sandbox().await?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.key_log = Arc::new(KeyLogFile::new());
    let address = url.strip_prefix("https://").context("an address with TLS")?;
    let stream = tokio::net::TcpStream::connect(address).await?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(ServerName::try_from("127.0.0.1")?, stream).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await?;
    // The sandbox hangs up without a farewell, as brokers' front ends do.
    drop(stream.read_to_end(&mut Vec::new()).await);
    sandbox.stop().await;
    Ok(())
}

/// Runs one of the tests above with a file for the keys; whether it wrote any.
fn writes_keys(test: &str, folder: &Path) -> anyhow::Result<bool> {
    let file = folder.join(test);
    let status = Command::new(std::env::current_exe()?)
        .args(["--exact", &format!("hygiene::{test}")])
        .env("SSLKEYLOGFILE", &file)
        .output()?;
    let words = String::from_utf8_lossy(&status.stdout).into_owned();
    anyhow::ensure!(status.status.success() && words.contains("1 passed"), "{words}");
    Ok(std::fs::read(&file).is_ok_and(|keys| !keys.is_empty()))
}

#[test]
fn i13_tls_keys_are_never_written_down() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    assert!(!writes_keys("a_call_of_the_product_over_tls", folder.path())?);
    assert!(writes_keys("a_call_of_a_client_that_logs_its_keys", folder.path())?, "it can be seen");
    Ok(())
}
