//! Zerodha's own Rust client against the sandbox, which does not know that it is not the Python one. Given
//! the sandbox's summary line as its argument. Each check says what a person trading with that client would
//! see.

mod control;
mod orders;

use std::process::ExitCode;

use kiteconnect::error::{ApiError, ErrorKind};
use kiteconnect::{
    ApiSecret, Error, Exchange, KiteConnect, Order, OrderParams, OrderType, Product, RefreshToken,
    TransactionType, Variety,
};
use serde_json::{Value, json};

use self::control::{Held, Sandbox};

/// What the checks share.
struct Kite {
    sandbox: Sandbox,
    client: KiteConnect,
    secret: ApiSecret,
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn expect<T: PartialEq + std::fmt::Debug>(actual: T, wanted: T) -> Held {
    if actual == wanted { Ok(()) } else { Err(format!("{actual:?}, not {wanted:?}")) }
}

/// The refusal of a call, by type, status and a part of its message.
fn refused<T>(answer: Result<T, Error>, (kind, status, part): (ErrorKind, u16, &str)) -> Held {
    match answer {
        Ok(_) => Err("not refused".to_owned()),
        Err(Error::Api(ApiError { kind: told, status: code, message, .. })) => {
            expect((told, code), (kind, status))?;
            if message.contains(part) { Ok(()) } else { Err(format!("no {part:?} in {message:?}")) }
        }
        Err(other) => Err(format!("{other:?}")),
    }
}

impl Kite {
    fn order(&self, tag: &str) -> OrderParams {
        OrderParams::new()
            .exchange(Exchange::Nse)
            .tradingsymbol("INFY")
            .transaction_type(TransactionType::Buy)
            .quantity(2)
            .product(Product::Cnc)
            .order_type(OrderType::Limit)
            .price(1523.1)
            .tag(tag)
    }

    async fn place(&self, params: OrderParams) -> Result<String, Error> {
        Ok(self.client.place_order(Variety::Regular, params).await?.order_id)
    }

    async fn row(&self, id: &str) -> Result<Order, String> {
        let rows = self.client.orders().await.map_err(words)?;
        rows.into_iter().find(|row| row.order_id == id).ok_or_else(|| format!("no order {id}"))
    }

    /// Asks again until the sandbox's order has had its few hundred milliseconds.
    async fn reaches(&self, id: &str, status: &str) -> Result<Order, String> {
        for _ in 0..100 {
            let row = self.row(id).await?;
            if row.status == status {
                return Ok(row);
            }
            // The exchange's second, not ours.
            self.sandbox.another_second()?;
        }
        Err(format!("{id} never came to {status}"))
    }

    async fn log_in(&mut self) -> Result<kiteconnect::UserSession, String> {
        let token = self.sandbox.request_token()?;
        let session = self.client.generate_session(&token, &self.secret).await.map_err(words)?;
        self.client.set_access_token(session.access_token.clone());
        Ok(session)
    }

    async fn entering(&mut self, report: &mut Report) {
        let stale = || (ErrorKind::Token, 403, "Token is invalid or has expired.");
        report.of("a call without a session is refused", {
            let dead = (ErrorKind::Token, 403, "Incorrect `api_key` or `access_token`.");
            refused(self.client.profile().await, dead)
        });
        report.of("an unknown request token is refused", {
            refused(self.client.generate_session("nosuchtoken", &self.secret).await, stale())
        });
        let token = self.sandbox.request_token().unwrap_or_default();
        report.of("a bad checksum is refused", {
            let wrong = ApiSecret::new("wrong").expect("a secret");
            let answer = self.client.generate_session(&token, &wrong).await;
            refused(answer, (ErrorKind::Token, 403, "Invalid `checksum`."))
        });
        let session = self.log_in().await;
        report.of("login exchanges the token", {
            session
                .and_then(|session| expect(session.profile.user_id, self.sandbox.field("user_id")))
        });
        report.of(
            "a request token serves once",
            async {
                let token = self.sandbox.request_token()?;
                let first =
                    self.client.generate_session(&token, &self.secret).await.map_err(words)?;
                self.client.set_access_token(first.access_token);
                refused(self.client.generate_session(&token, &self.secret).await, stale())
            }
            .await,
        );
        report.of("a session without the platform cannot be renewed", {
            let none = RefreshToken::new("none").expect("a token");
            refused(self.client.renew_access_token(&none, &self.secret).await, stale())
        });
        let renewed = self.renewed().await;
        report.of("an approved platform renews its session", renewed);
    }

    async fn renewed(&mut self) -> Held {
        self.sandbox.change(json!({ "plan": "approved" }))?;
        let session = self.log_in().await?;
        let refresh = session.refresh_token.ok_or("no refresh token")?;
        let renewed =
            self.client.renew_access_token(&refresh, &self.secret).await.map_err(words)?;
        self.client.set_access_token(renewed.access_token);
        self.client.profile().await.map_err(words)?;
        self.sandbox.change(json!({ "plan": "connect" }))?;
        self.log_in().await.map(drop)
    }

    async fn reading(&mut self, report: &mut Report) {
        report.of(
            "profile names the user",
            async {
                let profile = self.client.profile().await.map_err(words)?;
                expect(profile.user_id, self.sandbox.field("user_id"))
            }
            .await,
        );
        report.of(
            "margins come by segment",
            async {
                expect(self.client.margins().await.map_err(words)?.equity.net, 1_000_000.0)?;
                let equity = self.client.segment_margins("equity").await.map_err(words)?;
                expect(equity.available.live_balance, Some(1_000_000.0))
            }
            .await,
        );
        report.of(
            "empty books are lists",
            async {
                expect(self.client.orders().await.map_err(words)?.len(), 0)?;
                expect(self.client.trades().await.map_err(words)?.len(), 0)?;
                expect(self.client.positions().await.map_err(words)?.net.len(), 0)?;
                expect(self.client.holdings().await.map_err(words)?.len(), 0)
            }
            .await,
        );
        report.of("holdings have their price", async {
            let held = json!([{ "exchange": "NSE", "symbol": "INFY", "quantity": 10, "average_price": "1500" }]);
            self.sandbox.change(json!({ "holdings": held }))?;
            let rows = self.client.holdings().await;
            self.sandbox.change(json!({ "holdings": [] }))?;
            let rows = rows.map_err(words)?;
            expect((rows[0].average_price, rows[0].pnl), (1500.0, 231.0))
        }.await);
        report.of(
            "the last price leaves out the unknown",
            async {
                let found = self.client.ltp(&["NSE:INFY", "NSE:NOSUCH"]).await.map_err(words)?;
                expect((found.len(), found["NSE:INFY"].last_price), (1, 1523.1))
            }
            .await,
        );
        report.of(
            "ohlc gives the day",
            async {
                self.sandbox.another_second()?;
                let found = self.client.ohlc(&["NSE:SBIN"]).await.map_err(words)?;
                expect((found["NSE:SBIN"].last_price, found["NSE:SBIN"].ohlc.close), (812.4, 812.4))
            }
            .await,
        );
        report.of(
            "a quote gives everything",
            async {
                self.sandbox.another_second()?;
                let found = self.client.quote(&["NSE:INFY"]).await.map_err(words)?;
                let quote = &found["NSE:INFY"];
                let depth = quote.depth.as_ref().map(|depth| depth.buy.len());
                expect((depth, quote.upper_circuit_limit > Some(1523.1)), (Some(5), true))
            }
            .await,
        );
        report.of(
            "the free plan has no prices",
            async {
                self.sandbox.change(json!({ "plan": "personal" }))?;
                let answer = self.client.ltp(&["NSE:INFY"]).await;
                self.sandbox.change(json!({ "plan": "connect" }))?;
                refused(
                    answer,
                    (ErrorKind::Permission, 403, "Insufficient permission for that call."),
                )
            }
            .await,
        );
        report.of(
            "instruments are read without a session",
            async {
                let stranger = client(&self.sandbox);
                let shares = stranger.instruments_by_exchange("NSE").await.map_err(words)?;
                let infy =
                    shares.iter().find(|row| row.tradingsymbol == "INFY").ok_or("no INFY")?;
                expect((infy.instrument_token, infy.tick_size), (408_065, 0.1))?;
                let all = stranger.instruments().await.map_err(words)?;
                let mut futures = all.iter().filter(|row| row.segment == "NFO-FUT").peekable();
                expect(futures.peek().is_some() && futures.all(|row| row.expiry.is_some()), true)
            }
            .await,
        );
    }

    async fn leaving(&mut self, report: &mut Report) {
        report.of(
            "a token that dies is told",
            async {
                self.sandbox.arm("profile", "token_death")?;
                match self.client.profile().await {
                    Err(error) if error.is_session_expired() => Ok(()),
                    other => Err(format!("{other:?}")),
                }
            }
            .await,
        );
        let first = self.log_in().await.map(|session| session.access_token);
        let second = self.log_in().await;
        report.of(
            "a second login ends the first",
            async {
                second?;
                let mut other = client(&self.sandbox);
                other.set_access_token(first?);
                refused(other.profile().await, (ErrorKind::Token, 403, ""))
            }
            .await,
        );
        report.of(
            "logout ends the session",
            async {
                expect(self.client.invalidate_access_token().await.map_err(words)?, true)?;
                refused(self.client.profile().await, (ErrorKind::Token, 403, ""))
            }
            .await,
        );
    }
}

/// What came of the checks.
#[derive(Default)]
struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    fn of(&mut self, name: &str, held: Held) {
        match held {
            Ok(()) => {
                self.passed += 1;
                println!("ok   Kite in Rust: {name}");
            }
            Err(why) => {
                self.failed += 1;
                println!("FAIL Kite in Rust: {name}: {why}");
            }
        }
    }
}

fn client(sandbox: &Sandbox) -> KiteConnect {
    let root = sandbox.summary["kite"]["base_url"].as_str().expect("the sandbox's address");
    let builder = KiteConnect::builder(sandbox.field("api_key")).base_url(root);
    builder.build().expect("a client for the sandbox")
}

fn main() -> ExitCode {
    let line = std::env::args().nth(1).expect("the sandbox's summary line");
    let summary: Value = serde_json::from_str(&line).expect("one JSON object");
    let sandbox = Sandbox { summary };
    let secret = ApiSecret::new(sandbox.field("api_secret")).expect("a secret");
    let mut kite = Kite { client: client(&sandbox), secret, sandbox };
    let mut report = Report::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        kite.entering(&mut report).await;
        kite.reading(&mut report).await;
        kite.ordering(&mut report).await;
        kite.sandbox.another_second().expect("the clock");
        kite.refusing(&mut report).await;
        kite.leaving(&mut report).await;
    });
    println!("{} passed, {} failed", report.passed, report.failed);
    if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
