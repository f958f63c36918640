//! A raw HTTP client that shows what came over the wire, broken replies included,
//! and the two logins every test needs.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use data_encoding::HEXLOWER;
use flate2::read::GzDecoder;
use muster_tests::sandbox::{
    AngelOneAccount, Broker, BrowserLogin, KiteAccount, Sandbox, SandboxConfig,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

/// What came back; a connection closed without a byte is `None` in its place.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether the body is as long as the head said.
    pub(crate) fn is_whole(&self) -> bool {
        let length = self.header("content-length").and_then(|text| text.parse().ok());
        length == Some(self.body.len())
    }
}

/// A caller at one broker: its root, its headers and the address it calls from.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) root: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) from: IpAddr,
}

impl Caller {
    pub(crate) fn new(root: &str) -> Self {
        let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self { root: root.to_owned(), headers: Vec::new(), from }
    }

    pub(crate) fn from(&self, address: &str) -> Self {
        Self { from: address.parse().unwrap(), ..self.clone() }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) async fn try_send(&self, method: &str, path: &str, body: &str) -> Option<Answer> {
        let text = String::from_utf8(self.bytes(method, path, body).await).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }

    /// A reply whose body is compressed.
    pub(crate) async fn get_gzip(&self, path: &str) -> Answer {
        let bytes = self.bytes("GET", path, "").await;
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
        let mut body = String::new();
        GzDecoder::new(&bytes[at + 4..]).read_to_string(&mut body).unwrap();
        Answer { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head, body }
    }

    /// Everything the sandbox sends until the connection ends.
    async fn bytes(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let address: SocketAddr = self.root.strip_prefix("http://").unwrap().parse().unwrap();
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.unwrap();
        socket.bind(SocketAddr::new(self.from, 0)).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), format!("Host: {address}")];
        lines.push(format!("Connection: close\r\nContent-Length: {}", body.len()));
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        let request = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.ok();
        bytes
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        self.try_send(method, path, body).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &body.to_string()).await
    }
}

/// Two accounts, the clock standing at two minutes before the run.
pub(crate) async fn sandbox() -> Sandbox {
    let start = "2026-11-23T15:08:00+05:30".parse().unwrap();
    Sandbox::start(SandboxConfig::frozen_at(start)).await.unwrap()
}

pub(crate) fn control(sandbox: &Sandbox) -> Caller {
    Caller::new(sandbox.control_url())
}

pub(crate) fn angel_account(sandbox: &Sandbox) -> AngelOneAccount {
    sandbox.summary().angel_one.accounts.remove(0)
}

pub(crate) fn kite_account(sandbox: &Sandbox) -> KiteAccount {
    sandbox.summary().kite.accounts.remove(0)
}

/// The headers an Angel One call needs, without a session.
pub(crate) fn angel_stranger(sandbox: &Sandbox) -> Caller {
    let summary = sandbox.summary();
    Caller::new(&summary.angel_one.base_url)
        .with("Content-Type", "application/json")
        .with("Accept", "application/json")
        .with("X-PrivateKey", &summary.angel_one.accounts[0].api_key)
        .with("X-UserType", "USER")
        .with("X-SourceID", "WEB")
        .with("X-ClientLocalIP", "CLIENT_LOCAL_IP")
        .with("X-ClientPublicIP", "CLIENT_PUBLIC_IP")
        .with("X-MACAddress", "MAC_ADDRESS")
}

pub(crate) fn angel_credentials(sandbox: &Sandbox) -> Value {
    let account = angel_account(sandbox);
    let code = sandbox.one_time_code(Broker::AngelOne, &account.client_code);
    json!({ "clientcode": account.client_code, "password": account.pin, "totp": code })
}

pub(crate) async fn angel(sandbox: &Sandbox) -> Caller {
    let stranger = angel_stranger(sandbox);
    let answer = stranger.post(ANGEL_LOGIN, &angel_credentials(sandbox)).await.json();
    let token = answer["data"]["jwtToken"].as_str().expect("a session");
    stranger.with("Authorization", &format!("Bearer {token}"))
}

pub(crate) fn kite_stranger(sandbox: &Sandbox) -> Caller {
    Caller::new(&sandbox.summary().kite.base_url)
        .with("X-Kite-Version", "3")
        .with("Content-Type", "application/x-www-form-urlencoded")
}

/// A person's login: the request token out of the redirect.
pub(crate) fn request_token(sandbox: &Sandbox) -> String {
    let account = kite_account(sandbox);
    let login = BrowserLogin {
        user_id: account.user_id,
        api_key: account.api_key,
        ..BrowserLogin::default()
    };
    let url = url::Url::parse(&sandbox.kite_login(&login).unwrap()).unwrap();
    let mut pairs = url.query_pairs();
    pairs.find(|(name, _)| name == "request_token").unwrap().1.into_owned()
}

/// The form that exchanges a request token.
pub(crate) fn exchange_form(account: &KiteAccount, token: &str, secret: &str) -> String {
    let checksum = HEXLOWER.encode(&Sha256::digest(format!("{}{token}{secret}", account.api_key)));
    format!("api_key={}&request_token={token}&checksum={checksum}", account.api_key)
}

pub(crate) async fn kite(sandbox: &Sandbox) -> Caller {
    let (stranger, account) = (kite_stranger(sandbox), kite_account(sandbox));
    let form = exchange_form(&account, &request_token(sandbox), &account.api_secret);
    let answer = stranger.send("POST", "/session/token", &form).await.json();
    let token = answer["data"]["access_token"].as_str().expect("a session");
    stranger.with("Authorization", &format!("token {}:{token}", account.api_key))
}

pub(crate) fn angel_order(tag: &str) -> Value {
    json!({
        "variety": "NORMAL", "tradingsymbol": "SBIN-EQ", "symboltoken": "3045",
        "transactiontype": "BUY", "exchange": "NSE", "ordertype": "LIMIT",
        "producttype": "DELIVERY", "duration": "DAY", "price": "812.40", "squareoff": "0",
        "stoploss": "0", "quantity": "10", "ordertag": tag,
    })
}

pub(crate) fn kite_order(tag: &str) -> String {
    format!(
        "exchange=NSE&tradingsymbol=INFY&transaction_type=BUY&order_type=LIMIT&price=1523.1\
         &quantity=2&product=CNC&validity=DAY&tag={tag}"
    )
}

pub(crate) const ANGEL_LOGIN: &str = "/rest/auth/angelbroking/user/v1/loginByPassword";
pub(crate) const ANGEL_PLACE: &str = "/rest/secure/angelbroking/order/v1/placeOrder";
pub(crate) const ANGEL_CANCEL: &str = "/rest/secure/angelbroking/order/v1/cancelOrder";
pub(crate) const ANGEL_BOOK: &str = "/rest/secure/angelbroking/order/v1/getOrderBook";
pub(crate) const ANGEL_PROFILE: &str = "/rest/secure/angelbroking/user/v1/getProfile";
