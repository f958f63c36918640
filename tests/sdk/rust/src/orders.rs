//! Orders: what becomes of one, and what is refused.

use kiteconnect::error::ErrorKind;
use kiteconnect::{
    BasketParams, ConvertPositionParams, Error, Exchange, MarginParams, OrderMarginParam,
    OrderParams, OrderType, PositionType, Product, TransactionType, Variety,
};
use serde_json::json;

use crate::{Kite, Report, expect, refused, words};

impl Kite {
    /// The life of an order, and what is told beside it.
    pub async fn ordering(&mut self, report: &mut Report) {
        let placed = self.place(self.order("rskite1")).await.unwrap_or_default();
        report.of(
            "an order is found by its tag",
            async {
                let row = self.row(&placed).await?;
                expect((row.tag.as_deref(), placed.len()), (Some("rskite1"), 19))
            }
            .await,
        );
        report.of(
            "an order has a history and trades",
            async {
                self.reaches(&placed, "COMPLETE").await?;
                let rows = self.client.order_history(&placed).await.map_err(words)?;
                expect(
                    rows.first().map(|row| row.status.as_str()),
                    Some("PUT ORDER REQ RECEIVED"),
                )?;
                let trades = self.client.order_trades(&placed).await.map_err(words)?;
                expect((trades[0].average_price, trades[0].quantity), (1523.1, 2.0))?;
                expect(self.client.trades().await.map_err(words)?.len(), 1)
            }
            .await,
        );
        report.of(
            "positions are kept and converted",
            async {
                let net = self.client.positions().await.map_err(words)?.net;
                expect((net[0].quantity, net[0].buy_value), (2, 3046.2))?;
                for (from, to) in [(Product::Cnc, Product::Mis), (Product::Mis, Product::Cnc)] {
                    let wanted = ConvertPositionParams::new(
                        Exchange::Nse,
                        "INFY",
                        from,
                        to,
                        PositionType::Day,
                        TransactionType::Buy,
                        2,
                    );
                    expect(self.client.convert_position(wanted).await.map_err(words)?, true)?;
                }
                Ok(())
            }
            .await,
        );
        report.of(
            "margins of orders and baskets are told",
            async {
                let wanted = OrderMarginParam::new(
                    Exchange::Nse,
                    "INFY",
                    TransactionType::Buy,
                    Variety::Regular,
                    Product::Cnc,
                    OrderType::Limit,
                    2,
                )
                .price(1500.0);
                let rows = self.client.order_margins(MarginParams::new(vec![wanted.clone()])).await;
                expect(rows.map_err(words)?[0].total, 3000.0)?;
                let basket = BasketParams::new(vec![wanted.clone(), wanted]);
                let basket = self.client.basket_margins(basket).await.map_err(words)?;
                expect(basket.final_margin.total, 6000.0)
            }
            .await,
        );
        self.sandbox.rules(json!({ "limit_fills": "never" })).expect("the switch");
        report.of(
            "an order is changed and cancelled",
            async {
                let id = self.place(self.order("rskite2")).await.map_err(words)?;
                self.reaches(&id, "OPEN").await?;
                let change = OrderParams::new().price(1500.0).quantity(3);
                let answer = self.client.modify_order(Variety::Regular, &id, change).await;
                expect(answer.map_err(words)?.order_id.as_str(), id.as_str())?;
                let row = self.reaches(&id, "OPEN").await?;
                expect((row.price, row.quantity), (1500.0, 3.0))?;
                self.client.cancel_order(Variety::Regular, &id, None).await.map_err(words)?;
                expect(self.reaches(&id, "CANCELLED").await?.cancelled_quantity, 3.0)
            }
            .await,
        );
        self.sandbox.rules(json!({ "limit_fills": "always" })).expect("the switch");
        report.of(
            "an unknown order is refused",
            async {
                let text = (ErrorKind::General, 404, "Couldn't find that `order_id`.");
                refused(self.client.cancel_order(Variety::Regular, "1", None).await, text.clone())?;
                refused(self.client.order_history("1").await, text)
            }
            .await,
        );
        report.of(
            "a market order needs protection and becomes a limit",
            async {
                let market = || {
                    let mut order = self.order("m").order_type(OrderType::Market);
                    order.price = None;
                    order
                };
                let bare = (ErrorKind::Input, 400, "market protection");
                refused(self.place(market()).await, bare)?;
                let id = self.place(market().market_protection(-1.0)).await.map_err(words)?;
                expect(self.row(&id).await?.order_type.as_str(), "LIMIT")
            }
            .await,
        );
    }

    /// What an order is refused for, and what proves nothing.
    pub async fn refusing(&mut self, report: &mut Report) {
        use ErrorKind::{Input, Network, Permission};
        let order = |tag: &str| self.order(tag);
        for (name, params, kind, part) in [
            (
                "too little money",
                order("rich").quantity(100_000),
                ErrorKind::from("MarginException"),
                "Insufficient funds.",
            ),
            ("a long tag", order(&"x".repeat(21)), Input, "tag"),
            (
                "an unknown symbol",
                order("no").tradingsymbol("NOSUCH"),
                Input,
                "expired or does not exist",
            ),
            (
                "a price between two ticks",
                order("no").price(1523.15),
                Input,
                "Tick size for this script is 0.10.",
            ),
            ("a price out of range", order("no").price(2000.0), Input, "upper circuit limit"),
        ] {
            let answer = self.place(params).await;
            report.of(&format!("{name} is refused"), refused(answer, (kind, 400, part)));
        }
        report.of(
            "an unregistered address is refused",
            async {
                self.sandbox.another_second()?;
                self.sandbox.addresses(json!(["203.0.113.7"]))?;
                let other = self.place(order("rsno")).await;
                self.sandbox.addresses(json!([]))?;
                let none = self.client.cancel_order(Variety::Regular, "1", None).await;
                self.sandbox.addresses(self.sandbox.account()["allowed_ips"].clone())?;
                let words = "IP (127.0.0.1) is not allowed to place orders for this app.";
                refused(other, (Permission, 403, words))?;
                refused(none, (Permission, 403, "No IPs configured for this app."))
            }
            .await,
        );
        report.of(
            "a flood is a network error",
            async {
                self.sandbox.arm("book", "refuse_rate_limited")?;
                refused(self.client.orders().await, (Network, 429, "Too many requests"))
            }
            .await,
        );
        report.of(
            "an order said to have timed out may be there",
            async {
                self.sandbox.another_second()?;
                self.sandbox.arm("place", "accept_then_timed_out")?;
                match self.place(order("rskite6")).await {
                    Err(Error::Api(told)) if told.message.contains("check the order book") => {}
                    other => return Err(format!("{other:?}")),
                }
                let rows = self.client.orders().await.map_err(words)?;
                expect(rows.iter().filter(|row| row.tag.as_deref() == Some("rskite6")).count(), 1)
            }
            .await,
        );
        report.of(
            "an edge's page is no error of Kite's",
            async {
                self.sandbox.arm("book", "firewall")?;
                match self.client.orders().await {
                    Err(Error::Blocked { status: 403, .. } | Error::Http { status: 403, .. }) => {
                        Ok(())
                    }
                    other => Err(format!("{other:?}")),
                }
            }
            .await,
        );
    }
}
