//! A small proxy on an address of its own, SOCKS5 or HTTP, behind a name and a password: what stands
//! between an egress and the brokers. What goes through leaves from the proxy's address.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// SOCKS5 with a name and a password.
    Socks5,
    /// HTTP, `CONNECT` only, with basic authorisation.
    Http,
}

/// How it treats who comes with the right password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Connects.
    Passes,
    /// Says that its rules do not allow it.
    Refuses,
    /// Answers with this code of SOCKS5's; an HTTP proxy that it is a bad gateway.
    Says(u8),
    /// Answers with what is no proxy's.
    Babbles,
    /// Takes the question and closes.
    Closes,
}

/// A running proxy. Dropping it closes it and what goes through it.
#[derive(Debug)]
pub struct Proxy {
    speaks: Speaks,
    at: SocketAddr,
    passed: Arc<AtomicUsize>,
    held: watch::Sender<bool>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Its address.
pub const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
const NAME: &str = "desk";
/// SOCKS5: "connection not allowed by ruleset".
const NOT_ALLOWED: u8 = 2;
const PASSWORD: &str = "CANARYproxy";
/// The two above, as basic authorisation has them.
const BASIC: &str = "ZGVzazpDQU5BUllwcm94eQ==";

impl Proxy {
    /// Starts one.
    pub async fn start(speaks: Speaks, manner: Manner) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((PROXY, 0)).await?;
        let at = listener.local_addr()?;
        let (passed, stop) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let (tasks, held) = (TaskTracker::new(), watch::Sender::new(false));
        let holds = held.clone();
        let (count, stopped, more) = (Arc::clone(&passed), stop.clone(), tasks.clone());
        tasks.spawn(async move {
            while let Some(accepted) = stopped.run_until_cancelled(listener.accept()).await {
                let Ok((stream, _)) = accepted else { break };
                let (count, stopped) = (Arc::clone(&count), stopped.clone());
                let held = holds.subscribe();
                more.spawn(stopped.run_until_cancelled_owned(async move {
                    drop(serve(stream, (speaks, manner), held, &count).await);
                }));
            }
        });
        Ok(Self { speaks, at, passed, held, stop, tasks })
    }

    /// As an egress has it, with the right password.
    pub fn url(&self) -> String {
        self.url_with(PASSWORD)
    }

    /// The same with this password.
    pub fn url_with(&self, password: &str) -> String {
        let scheme = match self.speaks {
            Speaks::Socks5 => "socks5h",
            Speaks::Http => "http",
        };
        format!("{scheme}://{NAME}:{password}@{}", self.at)
    }

    /// How many connections it made.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    /// Keeps whoever comes waiting, and ends what goes through it; until it is let go again.
    pub fn hold(&self, on: bool) {
        self.held.send_replace(on);
    }

    /// Closes it, and everything that goes through it.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve(
    mut stream: TcpStream,
    (speaks, manner): (Speaks, Manner),
    mut held: watch::Receiver<bool>,
    passed: &AtomicUsize,
) -> anyhow::Result<()> {
    held.wait_for(|held| !held).await?;
    let wanted = match speaks {
        Speaks::Socks5 => socks_question(&mut stream).await?,
        Speaks::Http => http_question(&mut stream).await?,
    };
    let answer = |code: u8| match (speaks, code) {
        (Speaks::Socks5, code) => vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0],
        (Speaks::Http, 0) => b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        (Speaks::Http, NOT_ALLOWED) => b"HTTP/1.1 403 Forbidden\r\n\r\n".to_vec(),
        (Speaks::Http, _) => b"HTTP/1.1 502 Bad Gateway\r\n\r\n".to_vec(),
    };
    match manner {
        Manner::Passes => {}
        Manner::Refuses => return Ok(stream.write_all(&answer(NOT_ALLOWED)).await?),
        Manner::Says(code) => return Ok(stream.write_all(&answer(code)).await?),
        Manner::Babbles => return Ok(stream.write_all(b"220 mail.example ready\r\n").await?),
        Manner::Closes => return Ok(()),
    }
    let socket = TcpSocket::new_v4()?;
    socket.bind((PROXY, 0).into())?;
    let mut onward = socket.connect(wanted).await?;
    passed.fetch_add(1, Ordering::SeqCst);
    stream.write_all(&answer(0)).await?;
    tokio::select! {
        done = copy_bidirectional(&mut stream, &mut onward) => drop(done?),
        held = held.wait_for(|held| *held) => drop(held?),
    }
    Ok(())
}

/// Reads a SOCKS5 greeting, the name and password, and where to connect.
async fn socks_question(stream: &mut TcpStream) -> anyhow::Result<SocketAddr> {
    ensure!(stream.read_u8().await? == 5);
    let methods = counted(stream).await?;
    ensure!(methods.contains(&2), "no name and password were offered");
    stream.write_all(&[5, 2]).await?;
    ensure!(stream.read_u8().await? == 1);
    let (name, password) = (counted(stream).await?, counted(stream).await?);
    let right = name == NAME.as_bytes() && password == PASSWORD.as_bytes();
    stream.write_all(&[1, u8::from(!right)]).await?;
    ensure!(right);
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let host: Ipv4Addr = match head {
        [5, 1, 0, 1] => Ipv4Addr::from_bits(stream.read_u32().await?),
        [5, 1, 0, 3] => String::from_utf8(counted(stream).await?)?.parse()?,
        other => bail!("a question that is not known: {other:?}"),
    };
    Ok(SocketAddr::from((host, stream.read_u16().await?)))
}

/// So many bytes as the first one says.
async fn counted(stream: &mut TcpStream) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Reads a `CONNECT` with its authorisation.
async fn http_question(stream: &mut TcpStream) -> anyhow::Result<SocketAddr> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(bytes)?;
    let wanted = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let wanted = wanted.context("no CONNECT")?.parse()?;
    let allowed = head.lines().filter_map(|line| line.split_once(": ")).any(|(name, value)| {
        name.eq_ignore_ascii_case("proxy-authorization") && value == format!("Basic {BASIC}")
    });
    if !allowed {
        stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await?;
        bail!("the wrong password");
    }
    Ok(wanted)
}
