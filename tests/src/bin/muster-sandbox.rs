//! Runs both simulated brokers alone and says on its first line where they are.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};

use anyhow::Context;
use clap::Parser;
use jiff::Timestamp;
use muster_tests::sandbox::{Sandbox, SandboxClock, SandboxConfig};
use tokio::signal::unix::{SignalKind, signal};

/// Angel One and Zerodha, simulated on free ports of this machine.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many accounts to open; Angel One gets the larger half
    #[arg(long, default_value_t = 2)]
    accounts: usize,
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Exchange time to start at, such as 2026-11-23T15:08:00+05:30 (default: now)
    #[arg(long)]
    clock: Option<Timestamp>,
    /// Two moments that are the same: real and exchange time in Unix milliseconds
    #[arg(long, num_args = 2, value_names = ["WALL_MS", "EXCHANGE_MS"], conflicts_with = "clock")]
    anchor: Vec<i64>,
    /// Exchange seconds per real second
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Speak TLS, with a certificate authority printed as `ca_pem`
    #[arg(long)]
    tls: bool,
    /// Address registered for orders; may be repeated (default: the listen address)
    #[arg(long = "allowed-ip")]
    allowed_ips: Vec<IpAddr>,
    /// Redirect URL of the Kite apps
    #[arg(long)]
    redirect_url: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut terminate = signal(SignalKind::terminate()).context("watch for SIGTERM")?;
    let sandbox = Sandbox::start(config(arguments)).await?;
    let summary = serde_json::to_string(&sandbox.summary())?;
    writeln!(std::io::stdout(), "{summary}").context("print the summary")?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted.context("watch for SIGINT")?,
    }
    sandbox.stop().await;
    Ok(())
}

fn config(arguments: Arguments) -> SandboxConfig {
    let usual = SandboxConfig::default();
    let clock = match (arguments.anchor.as_slice(), arguments.clock) {
        (&[wall, exchange], _) => SandboxClock::from_anchor(wall, exchange, arguments.speed),
        (_, start) => {
            let start = start.unwrap_or_else(|| usual.clock.now());
            SandboxClock::starting_at(start, arguments.speed)
        }
    };
    SandboxConfig {
        accounts: arguments.accounts,
        listen: arguments.listen,
        clock,
        tls: arguments.tls,
        allowed_ips: Some(arguments.allowed_ips).filter(|ips| !ips.is_empty()),
        redirect_url: arguments.redirect_url.unwrap_or(usual.redirect_url),
        ..usual
    }
}
