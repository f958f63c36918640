// Zerodha's own JavaScript client, kiteconnect.
"use strict";

const assert = require("node:assert/strict");
const crypto = require("node:crypto");
const http = require("node:http");

const {
    ELSEWHERE, code, control, eventually, expectKeys, refusal, summary, truth, withAddresses,
    withFields, withRules, wrongCode,
} = require("./common.js");
const { KiteConnect } = require("kiteconnect");

const ROW = `account_id placed_by order_id exchange_order_id parent_order_id status status_message
    status_message_raw order_timestamp exchange_update_timestamp exchange_timestamp variety modified
    exchange tradingsymbol instrument_token order_type transaction_type validity validity_ttl product
    quantity disclosed_quantity price trigger_price average_price filled_quantity pending_quantity
    cancelled_quantity market_protection meta tag guid`;
const TRADE = `trade_id order_id exchange_order_id exchange tradingsymbol instrument_token product
    average_price quantity transaction_type fill_timestamp order_timestamp exchange_timestamp`;
const POSITION = `tradingsymbol exchange instrument_token product quantity overnight_quantity multiplier
    average_price close_price last_price value pnl m2m unrealised realised buy_quantity buy_price
    buy_value buy_m2m sell_quantity sell_price sell_value sell_m2m day_buy_quantity day_buy_price
    day_buy_value day_sell_quantity day_sell_price day_sell_value`;
const QUOTE = `instrument_token timestamp last_trade_time last_price last_quantity buy_quantity
    sell_quantity volume average_price oi oi_day_high oi_day_low net_change lower_circuit_limit
    upper_circuit_limit ohlc depth`;
const SESSION = `user_name user_shortname email broker api_key avatar_url user_type exchanges products
    order_types meta access_token public_token refresh_token enctoken silo login_time`;
const MARGIN = `type tradingsymbol exchange span exposure option_premium additional bo cash var pnl
    leverage charges total`;

const account = summary.kite.accounts[0];
const root = summary.kite.base_url;
const clientOf = () => new KiteConnect({ api_key: account.api_key, root });
const client = clientOf();

/** Fills in the login page as a browser would. */
async function submit(other) {
    const body = new URLSearchParams({
        api_key: account.api_key, user_id: account.user_id, password: account.password,
        totp: await code(account), action: "login", ...other,
    });
    return fetch(summary.kite.login_url, { method: "POST", body, redirect: "manual" });
}

/** What the login page sends the browser back with. */
async function sentBack(other) {
    const sent = await submit(other);
    assert.equal(sent.status, 302);
    return Object.fromEntries(new URL(sent.headers.get("location")).searchParams);
}

async function requestToken(state = "s") {
    const query = await sentBack({ redirect_params: `state=${state}` });
    assert.deepEqual([query.status, query.state], ["success", state]);
    return query.request_token;
}

async function open() {
    return client.generateSession(await requestToken(), account.api_secret);
}

/** What is `undefined` is left out, as by a caller who never names it. */
const order = (tag, other) => {
    const fields = {
        exchange: "NSE", tradingsymbol: "INFY", transaction_type: "BUY", quantity: 2, product: "CNC",
        order_type: "LIMIT", price: 1523.1, tag, ...other,
    };
    const named = Object.entries(fields).filter(([, value]) => value !== undefined);
    return client.placeOrder("regular", Object.fromEntries(named));
};
const placed = async (tag, other) => (await order(tag, other)).order_id;
const row = async (id) => (await client.getOrders()).find((r) => r.order_id === id);
const reaches = (id, status) =>
    eventually(async () => { const r = await row(id); return r.status === status && r; });

/** The refusal's type and a part of its message. */
async function refused(type, part, call) {
    const error = await refusal(call);
    assert.equal(error.error_type, type, JSON.stringify(error));
    assert.ok(error.message.includes(part), `${part} in ${error.message}`);
    return error;
}

const entering = {
    async "the login link leads to a page"() {
        const link = new URL(client.getLoginURL());
        assert.equal(link.searchParams.get("v"), "3");
        assert.equal((await fetch(summary.kite.login_url + link.search)).status, 200);
    },
    async "a wrong code is refused"() {
        assert.equal((await submit({ totp: await wrongCode(account) })).status, 403);
    },
    async "a wrong password is refused"() {
        assert.equal((await submit({ password: "wrong" })).status, 403);
    },
    async "a cancelled login gives no token"() {
        const query = await sentBack({ action: "cancel", redirect_params: "state=x" });
        assert.deepEqual(query, { status: "cancelled" });
    },
    async "a bad checksum is refused"() {
        const token = await requestToken();
        const error = await refusal(() => client.generateSession(token, "wrong"));
        const wanted = ["TokenException", "Invalid `checksum`."];
        assert.deepEqual([error.error_type, error.message], wanted);
    },
    async "an unknown request token is refused"() {
        await refused("TokenException", "Token is invalid or has expired.",
            () => client.generateSession("nosuchtoken", account.api_secret));
    },
    async "a request token dies"() {
        const token = await requestToken();
        const { now } = await control("/clock");
        await control("/clock", { now: new Date(Date.parse(now) + 181000).toISOString() });
        await refused("TokenException", "Token is invalid or has expired.",
            () => client.generateSession(token, account.api_secret));
    },
    async "a call without a session is refused"() {
        await refused("TokenException", "Incorrect `api_key` or `access_token`.",
            () => client.getProfile());
    },
    async "login exchanges the token"() {
        const session = await open();
        assert.equal(session.user_id, account.user_id);
        expectKeys(session, SESSION);
        assert.ok(session.login_time instanceof Date && !Number.isNaN(session.login_time.getTime()));
    },
    async "a request token serves once"() {
        const token = await requestToken("b");
        await client.generateSession(token, account.api_secret);
        await refused("TokenException", "Token is invalid or has expired.",
            () => clientOf().generateSession(token, account.api_secret));
    },
    async "a session without the platform cannot be renewed"() {
        await refused("TokenException", "Token is invalid or has expired.",
            () => client.renewAccessToken("none", account.api_secret));
    },
    async "an approved platform renews its session"() {
        await withFields(account.user_id, { plan: "connect" }, { plan: "approved" }, async () => {
            const session = await open();
            const renewed = await client.renewAccessToken(session.refresh_token, account.api_secret);
            assert.notEqual(renewed.access_token, session.access_token);
            assert.equal((await client.getProfile()).user_id, account.user_id);
        });
        await open();
    },
};

const reading = {
    async "profile names the user"() {
        assert.equal((await client.getProfile()).user_id, account.user_id);
    },
    async "margins come by segment"() {
        assert.equal((await client.getMargins()).equity.net, 1000000);
        assert.equal((await client.getMargins("equity")).available.live_balance, 1000000);
        assert.equal((await client.getMargins("commodity")).net, 0);
    },
    async "empty books are lists"() {
        assert.deepEqual([await client.getOrders(), await client.getTrades()], [[], []]);
        assert.deepEqual(await client.getPositions(), { net: [], day: [] });
        assert.deepEqual(await client.getHoldings(), []);
    },
    async "holdings have their price"() {
        const holdings =
            [{ exchange: "NSE", symbol: "INFY", quantity: 10, average_price: "1500" }];
        await withFields(account.user_id, { holdings: [] }, { holdings }, async () => {
            const [held] = await client.getHoldings();
            assert.deepEqual([held.quantity, held.average_price, held.pnl], [10, 1500, 231]);
        });
    },
    async "the last price leaves out the unknown"() {
        const quote = await client.getLTP(["NSE:INFY", "NSE:NOSUCH"]);
        const known = { instrument_token: 408065, last_price: 1523.1 };
        assert.deepEqual(quote, { "NSE:INFY": known });
    },
    async "ohlc gives the day"() {
        const found = (await client.getOHLC(["NSE:INFY", "NSE:SBIN"]))["NSE:SBIN"];
        assert.equal(found.last_price, 812.4);
        assert.deepEqual(Object.keys(found.ohlc).sort(), ["close", "high", "low", "open"]);
    },
    async "a quote gives everything"() {
        const found = (await client.getQuote(["NSE:INFY"]))["NSE:INFY"];
        expectKeys(found, QUOTE);
        assert.equal(found.depth.buy.length, 5);
        assert.ok(found.timestamp instanceof Date && found.last_trade_time instanceof Date);
        assert.ok(found.lower_circuit_limit < 1523.1 && found.upper_circuit_limit > 1523.1);
    },
    async "the free plan has no prices"() {
        await withFields(account.user_id, { plan: "connect" }, { plan: "personal" }, async () => {
            await refused("PermissionException", "Insufficient permission for that call.",
                () => client.getLTP(["NSE:INFY"]));
        });
    },
    async "candles are read"() {
        const found = await client.getHistoricalData(408065, "minute", "2026-11-23", "2026-11-23");
        expectKeys(found[0], "date open high low close volume");
        assert.ok(found[0].date instanceof Date);
    },
    async "instruments are read"() {
        const shares = await client.getInstruments("NSE");
        const infy = shares.find((r) => r.tradingsymbol === "INFY");
        assert.deepEqual([infy.instrument_token, infy.tick_size], ["408065", 0.1]);
        const all = await client.getInstruments();
        const futures = all.filter((r) => r.segment === "NFO-FUT");
        assert.ok(futures.length > 0);
        assert.ok(futures.every((r) => r.expiry instanceof Date && r.instrument_type === "FUT"));
    },
};

const ordering = {
    async "an order is found by its tag"() {
        const id = await placed("jskite1");
        assert.deepEqual([typeof id, id.length], ["string", 19]);
        const rows = (await client.getOrders()).filter((r) => r.tag === "jskite1");
        assert.deepEqual(rows.map((r) => r.order_id), [id]);
        expectKeys(rows[0], ROW);
        assert.deepEqual(rows[0].tags, ["jskite1"]);
    },
    async "an order has a history"() {
        const [{ order_id: id }] = await truth("jskite1");
        await reaches(id, "COMPLETE");
        const rows = await client.getOrderHistory(id);
        const life = ["PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING", "OPEN", "COMPLETE"];
        assert.deepEqual(rows.map((r) => r.status), life);
        assert.deepEqual([rows.at(-1).filled_quantity, rows[0].filled_quantity], [2, 0]);
        assert.ok(rows[0].order_timestamp instanceof Date);
    },
    async "trades are booked"() {
        const [{ order_id: id }] = await truth("jskite1");
        expectKeys((await client.getTrades())[0], TRADE);
        const [trade] = await client.getOrderTrades(id);
        assert.deepEqual([trade.average_price, trade.quantity], [1523.1, 2]);
        assert.ok(trade.fill_timestamp instanceof Date);
    },
    async "positions are kept"() {
        const [found] = (await client.getPositions()).net;
        expectKeys(found, POSITION);
        assert.deepEqual([found.quantity, found.buy_value], [2, 3046.2]);
    },
    async "a position is converted and back"() {
        const terms = {
            exchange: "NSE", tradingsymbol: "INFY", transaction_type: "BUY", position_type: "day",
            quantity: 2,
        };
        for (const [from, to] of [["CNC", "MIS"], ["MIS", "CNC"]]) {
            const wanted = { ...terms, old_product: from, new_product: to };
            assert.equal(await client.convertPosition(wanted), true);
            assert.equal((await client.getPositions()).net[0].product, to);
        }
        const part = { ...terms, quantity: 1, old_product: "CNC", new_product: "MIS" };
        await refused("InputException", "Invalid `quantity`.", () => client.convertPosition(part));
    },
    async "margins of orders and baskets are told"() {
        const wanted = {
            exchange: "NSE", tradingsymbol: "INFY", transaction_type: "BUY", variety: "regular",
            product: "CNC", order_type: "LIMIT", quantity: 2, price: 1500,
        };
        const [found] = await client.orderMargins([wanted]);
        expectKeys(found, MARGIN);
        assert.equal(found.total, 3000);
        assert.equal((await client.orderBasketMargins([wanted, wanted])).final.total, 6000);
    },
    async "a contract note is told in advance"() {
        const wanted = {
            order_id: "1", exchange: "NSE", tradingsymbol: "INFY", transaction_type: "BUY",
            variety: "regular", product: "CNC", order_type: "LIMIT", quantity: 2,
            average_price: 1500,
        };
        assert.equal((await client.getvirtualContractNote([wanted]))[0].charges.total, 3);
    },
    async "margins shrink by what was bought"() {
        assert.equal((await client.getMargins("equity")).net, 996953.8);
    },
    async "a sale closes a position"() {
        await reaches(await placed("jskite2", { transaction_type: "SELL" }), "COMPLETE");
        assert.equal((await client.getPositions()).net[0].quantity, 0);
    },
    async "an order can be changed"() {
        await withRules({ limit_fills: "never" }, async () => {
            const id = await placed("jskite3");
            await reaches(id, "OPEN");
            const answer = await client.modifyOrder("regular", id, { price: 1500, quantity: 3 });
            assert.equal(answer.order_id, id);
            const changed = await eventually(async () => {
                const r = await row(id);
                return r.price === 1500 && r.status === "OPEN" && r;
            });
            assert.deepEqual([changed.quantity, changed.modified], [3, true]);
            assert.equal((await client.cancelOrder("regular", id)).order_id, id);
        });
    },
    async "an order can be cancelled"() {
        await withRules({ limit_fills: "never" }, async () => {
            const id = await placed("jskite4");
            await reaches(id, "OPEN");
            assert.equal((await client.exitOrder("regular", id)).order_id, id);
            const done = await reaches(id, "CANCELLED");
            assert.deepEqual([done.cancelled_quantity, done.pending_quantity], [2, 0]);
        });
    },
    async "a finished order cannot be cancelled"() {
        const [{ order_id: id }] = await truth("jskite1");
        await refused("InputException", "cancelled", () => client.cancelOrder("regular", id));
    },
    async "an unknown order is refused"() {
        for (const call of [
            () => client.cancelOrder("regular", "1"),
            () => client.modifyOrder("regular", "1", { price: 1 }),
            () => client.getOrderHistory("1"),
        ]) {
            await refused("GeneralException", "Couldn't find that `order_id`.", call);
        }
    },
    async "a stop waits for its trigger"() {
        const id = await placed("jskite5", { order_type: "SL", price: 1550, trigger_price: 1545 });
        assert.equal((await reaches(id, "TRIGGER PENDING")).trigger_price, 1545);
        assert.equal((await client.cancelOrder("regular", id)).order_id, id);
    },
    async "a market order needs protection"() {
        for (const market_protection of [undefined, 0]) {
            await refused("InputException", "market protection",
                () => order("m", { order_type: "MARKET", price: undefined, market_protection }));
        }
    },
    async "a protected market order becomes a limit"() {
        const terms = { order_type: "MARKET", price: undefined, market_protection: -1 };
        const found = await row(await placed("m", terms));
        assert.deepEqual([found.order_type, found.tags.includes("mktp")], ["LIMIT", true]);
    },
    async "a postback carries a checksum the client finds right"() {
        const heard = [];
        const server = http.createServer(async (request, answer) => {
            const parts = [];
            for await (const part of request) parts.push(part);
            heard.push(JSON.parse(Buffer.concat(parts)));
            answer.end();
        });
        await new Promise((done) => server.listen(0, "127.0.0.1", done));
        const postback_url = `http://127.0.0.1:${server.address().port}/postback`;
        await withFields(account.user_id, { postback_url: "" }, { postback_url }, async () => {
            const id = await placed("jskite7");
            const post = await eventually(async () => heard.find((r) => r.order_id === id));
            assert.deepEqual([post.status, post.user_id], ["COMPLETE", account.user_id]);
            assert.equal(client.validatePostback(post, account.api_secret), true);
            assert.equal(client.validatePostback(post, "wrong"), false);
        });
        server.close();
    },
};

const refusing = {
    async "too little money is a margin error"() {
        await refused("MarginException", "Insufficient funds.", () => order("rich", { quantity: 100000 }));
    },
    async "a long tag is refused"() {
        await refused("InputException", "tag", () => order("x".repeat(21)));
    },
    async "an unknown symbol is refused"() {
        await refused("InputException", "expired or does not exist",
            () => order("no", { tradingsymbol: "NOSUCH" }));
    },
    async "a price between two ticks is refused"() {
        await refused("InputException", "Tick size for this script is 0.10.",
            () => order("no", { price: 1523.15 }));
    },
    async "a price out of range is refused"() {
        await refused("InputException", "upper circuit limit", () => order("no", { price: 2000 }));
    },
    async "a broken lot is refused"() {
        await refused("InputException", "", () => order("no", {
            exchange: "NFO", tradingsymbol: "NIFTY26DECFUT", quantity: 1, product: "NRML", price: 26150,
        }));
    },
    async "a limit order without its price is refused"() {
        await refused("InputException", "`price`", () => order("no", { price: undefined }));
    },
    async "a sale from the depository needs authorisation"() {
        await withFields(account.user_id, { ddpi: true }, { ddpi: false }, async () => {
            await refused("InputException", "2 quantity needs authorisation at depository.",
                () => order("no", { transaction_type: "SELL" }));
        });
    },
    async "an unregistered address is refused"() {
        await withAddresses(account.user_id, account.allowed_ips, ELSEWHERE, async (path) => {
            const words = "IP (127.0.0.1) is not allowed to place orders for this app.";
            await refused("PermissionException", words, () => order("jskiteno"));
            await control(path, []);
            await refused("PermissionException", "No IPs configured for this app.",
                () => client.cancelOrder("regular", "1"));
            assert.equal((await client.getProfile()).user_id, account.user_id);
            assert.deepEqual(await truth("jskiteno"), []);
        });
    },
    async "a flood is a network error"() {
        const fault = { broker: "kite", operation: "book", kind: "refuse_rate_limited" };
        await control("/faults", fault);
        await refused("NetworkException", "Too many requests", () => client.getOrders());
    },
    async "an order said to have timed out may be there"() {
        await control("/faults", { broker: "kite", operation: "place", kind: "accept_then_timed_out" });
        const error = await refusal(() => order("jskite6"));
        assert.match(error.message, /check the order book/);
        const rows = (await client.getOrders()).filter((r) => r.tag === "jskite6");
        assert.equal(rows.length, 1);
    },
    async "an edge's page is a network error"() {
        await control("/faults", { broker: "kite", operation: "book", kind: "firewall" });
        await refused("NetworkException", "Forbidden", () => client.getOrders());
    },
};

const leaving = {
    async "a token that dies calls the hook"() {
        let called = false;
        client.setSessionExpiryHook(() => { called = true; });
        await control("/faults", { broker: "kite", operation: "profile", kind: "token_death" });
        await refused("TokenException", "", () => client.getProfile());
        assert.equal(called, true);
        await open();
    },
    async "a second login ends the first"() {
        const other = clientOf();
        other.setAccessToken(client.access_token);
        await open();
        await refused("TokenException", "", () => other.getProfile());
    },
    async "a second login spares the first where that is so"() {
        await withRules({ old_token_survives: true }, async () => {
            const other = clientOf();
            other.setAccessToken(client.access_token);
            await open();
            assert.equal((await other.getProfile()).user_id, account.user_id);
        });
    },
    async "a checksum of a postback is right"() {
        const post = { order_id: "1", order_timestamp: "2026-11-23 10:00:00" };
        const text = post.order_id + post.order_timestamp + account.api_secret;
        post.checksum = crypto.createHash("sha256").update(text).digest("hex");
        assert.equal(client.validatePostback(post, account.api_secret), true);
    },
    async "logout ends the session"() {
        assert.equal(await client.invalidateAccessToken(client.access_token), true);
        await refused("TokenException", "", () => client.getProfile());
    },
};

module.exports = { ...entering, ...reading, ...ordering, ...refusing, ...leaving };
