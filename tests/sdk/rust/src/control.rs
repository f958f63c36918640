//! The sandbox's control port, over one plain connection a call.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

/// What a check says when it does not hold.
pub type Held = Result<(), String>;

/// The sandbox as its summary line describes it.
pub struct Sandbox {
    /// The summary.
    pub summary: Value,
}

impl Sandbox {
    /// Kite's first account.
    pub fn account(&self) -> &Value {
        &self.summary["kite"]["accounts"][0]
    }

    /// A field of that account.
    pub fn field(&self, name: &str) -> String {
        self.account()[name].as_str().unwrap_or_default().to_owned()
    }

    /// A call of the control port.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let url = self.summary["control_url"].as_str().unwrap_or_default();
        let host = url.strip_prefix("http://").unwrap_or(url);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(host).map_err(|e| e.to_string())?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).map_err(|e| e.to_string())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(|e| e.to_string())?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("half an answer")?;
        serde_json::from_str(body).map_err(|e| format!("{path}: {e}: {body}"))
    }

    /// The next such call at Kite meets this fault.
    pub fn arm(&self, operation: &str, kind: &str) -> Held {
        let fault = json!({ "broker": "kite", "operation": operation, "kind": kind });
        self.control("POST", "/faults", &fault).map(drop)
    }

    /// Sets switches.
    pub fn rules(&self, rules: Value) -> Held {
        self.control("POST", "/rules", &rules).map(drop)
    }

    /// Changes the account.
    pub fn change(&self, fields: Value) -> Held {
        self.control("PATCH", &format!("/accounts/{}", self.field("user_id")), &fields).map(drop)
    }

    /// Registers these addresses.
    pub fn addresses(&self, addresses: Value) -> Held {
        let path = format!("/accounts/{}/allowed-ips", self.field("user_id"));
        self.control("POST", &path, &addresses).map(drop)
    }

    /// A person's login; the request token out of the redirect.
    pub fn request_token(&self) -> Result<String, String> {
        let login = json!({ "user_id": self.field("user_id"), "api_key": self.field("api_key") });
        let sent = self.control("POST", "/kite-login", &login)?;
        let url = sent["redirect_url"].as_str().ok_or_else(|| sent.to_string())?;
        let token = url.split(['?', '&']).find_map(|pair| pair.strip_prefix("request_token="));
        token.map(str::to_owned).ok_or_else(|| url.to_owned())
    }

    /// Moves the clock on, so that one check's calls do not count against the next one's.
    pub fn another_second(&self) -> Held {
        let now = self.control("GET", "/clock", &Value::Null)?["now"].clone();
        let now = now.as_str().ok_or("no clock")?.to_owned();
        // Within the morning hour that the checks take place in.
        let (head, rest) = now.split_at(14);
        let (minute, second) = (&rest[..2], &rest[3..5]);
        let later = 60 * number(minute)? + number(second)? + 1;
        let now = format!("{head}{:02}:{:02}+05:30", later / 60, later % 60);
        self.control("POST", "/clock", &json!({ "now": now })).map(drop)
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}
