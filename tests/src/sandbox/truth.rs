//! What really happened: every request a broker saw, what was done with it and what was answered.
//! A checker compares it with what a client believes. Nothing secret is in it: of a request's
//! text only the path.

use std::collections::VecDeque;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::exchange::clock::rfc3339;
use super::fault::FaultKind;
use super::net::Answer;
use super::net::message::Request;
use super::net::route::Operation;
use super::people::account::Broker;

/// One request, as the broker saw it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Exchange time, RFC 3339.
    pub at: String,
    /// Which broker.
    pub broker: Broker,
    /// Whose, as far as it said.
    pub account: Option<String>,
    /// What for; absent where nothing serves the path.
    pub operation: Option<Operation>,
    /// HTTP method.
    pub method: String,
    /// Path, without its query.
    pub path: String,
    /// The TCP source address.
    pub source_ip: IpAddr,
    /// The fault that struck.
    pub fault: Option<FaultKind>,
    /// The HTTP status that was sent, or `closed`, `reset`, `hung`, `cut`.
    pub answer: String,
    /// Ids of the orders it placed, whatever the answer said.
    pub placed: Vec<String>,
}

/// One report of a changed order, as it was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostbackRecord {
    /// Exchange time, RFC 3339.
    pub at: String,
    /// Where to.
    pub url: String,
    /// The HTTP status it was answered with; 0 where there was no answer.
    pub answer: u16,
}

/// The requests, oldest first; the oldest are forgotten when there are very many.
#[derive(Debug, Default)]
pub(crate) struct Log(VecDeque<RequestRecord>);

impl Log {
    pub(crate) fn add(&mut self, record: RequestRecord) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(record);
    }

    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        self.0.iter().cloned().collect()
    }
}

impl RequestRecord {
    /// What can be told before the call is done.
    pub(crate) fn begin(broker: Broker, request: &Request, now: Timestamp) -> Self {
        Self {
            at: rfc3339(now),
            broker,
            account: None,
            operation: None,
            method: request.method.to_string(),
            path: request.path.clone(),
            source_ip: request.source_ip(),
            fault: None,
            answer: String::new(),
            placed: Vec::new(),
        }
    }

    /// With what was answered.
    pub(crate) fn answered(self, answer: &Answer) -> Self {
        let answer = match answer {
            Answer::Send(reply) | Answer::Later(_, reply) | Answer::Trickle(_, reply) => {
                reply.status.as_u16().to_string()
            }
            Answer::Cut(_) => "cut".to_owned(),
            Answer::Close => "closed".to_owned(),
            Answer::Reset => "reset".to_owned(),
            Answer::Hang(_) => "hung".to_owned(),
        };
        Self { answer, ..self }
    }
}

const MOST: usize = 200_000;
