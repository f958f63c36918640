// The brokers' official JavaScript clients against the sandbox, which does not know that they are
// not the Python ones. Given the sandbox's summary line as its argument.
"use strict";

const assert = require("node:assert/strict");
const crypto = require("node:crypto");

const summary = JSON.parse(process.argv[2]);

// Angel One's client asks outside services for this machine's address. Nothing leaves it.
const addressModule = require.resolve("public-ip");
require.cache[addressModule] = { id: addressModule, loaded: true, exports: { v4: async () => null } };

const { SmartAPI } = require("smartapi-javascript");
const { KiteConnect } = require("kiteconnect");

async function control(path, body) {
    const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return (await fetch(summary.control_url + path, options)).json();
}

/** What the account's authenticator shows at exchange time. */
async function code(account) {
    const { now } = await control("/clock");
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const bits = [...account.totp_secret].map((c) => letters.indexOf(c).toString(2).padStart(5, "0"));
    const bytes = bits.join("").match(/.{8}/g).map((byte) => parseInt(byte, 2));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.parse(now) / 30000)));
    const hash = crypto.createHmac("sha1", Buffer.from(bytes)).update(counter).digest();
    const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
    return String(number % 1000000).padStart(6, "0");
}

/** Asks again until the sandbox's order has had its few hundred milliseconds. */
async function eventually(look) {
    for (let tries = 0; tries < 100; tries += 1) {
        const found = await look();
        if (found) return found;
        await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error("never came true");
}

async function anotherSecond() {
    const { now } = await control("/clock");
    await control("/clock", { now: new Date(Date.parse(now) + 1000).toISOString() });
}

/** What the call rejects with. */
async function refusal(call) {
    try {
        await call();
    } catch (error) {
        return error;
    }
    throw new Error("not refused");
}

function angel() {
    const account = summary.angel_one.accounts[0];
    const root = summary.angel_one.base_url;
    const client = new SmartAPI({ api_key: account.api_key, root });
    let session;
    const order = (tag, other) => ({
        variety: "NORMAL", tradingsymbol: "SBIN-EQ", symboltoken: "3045", transactiontype: "BUY",
        exchange: "NSE", ordertype: "LIMIT", producttype: "DELIVERY", duration: "DAY",
        price: "812.4", squareoff: "0", stoploss: "0", quantity: "5", ordertag: tag, ...other,
    });
    const row = async (id) => (await client.getOrderBook()).data.find((r) => r.orderid === id);
    const reaches = (id, status) =>
        eventually(async () => { const r = await row(id); return r.status === status && r; });
    return {
        async "a wrong code is refused"() {
            const answer = await client.generateSession(account.client_code, account.pin, "abcdef");
            assert.equal(answer.errorcode, "AB1050");
        },
        async "login gives tokens"() {
            const answer =
                await client.generateSession(account.client_code, account.pin, await code(account));
            assert.equal(answer.status, true);
            session = answer.data;
            assert.ok(session.jwtToken && session.refreshToken && session.feedToken);
        },
        async "profile names the client"() {
            assert.equal((await client.getProfile()).data.clientcode, account.client_code);
        },
        async "funds are texts"() {
            assert.match((await client.getRMS()).data.net, /^\d+\.\d{4}$/);
        },
        async "holdings come in both forms"() {
            assert.deepEqual((await client.getHolding()).data, []);
            assert.deepEqual((await client.getAllHolding()).data.holdings, []);
        },
        async "quotes and search find a share"() {
            const quote = await client.marketData({ mode: "OHLC", exchangeTokens: { NSE: ["3045"] } });
            assert.equal(quote.data.fetched[0].ltp, 812.4);
            const found = await client.searchScrip({ exchange: "NSE", searchscrip: "SBIN" });
            assert.ok(JSON.stringify(found).includes("3045"));
        },
        async "an order is found by its tag and followed"() {
            const placed = await client.placeOrder(order("jsangel1"));
            assert.equal(placed.message, "SUCCESS");
            const done = await reaches(placed.data.orderid, "complete");
            assert.deepEqual([done.ordertag, done.filledshares], ["jsangel1", "5"]);
            const details = await client.indOrderDetails(placed.data.uniqueorderid);
            assert.equal(details.data.orderid, placed.data.orderid);
            const trades = (await client.getTradeBook()).data;
            assert.ok(trades.some((trade) => trade.orderid === placed.data.orderid));
            assert.ok((await client.getPosition()).data.length > 0);
        },
        async "an order is changed and cancelled"() {
            await control("/rules", { limit_fills: "never" });
            const { orderid } = (await client.placeOrder(order("jsangel2"))).data;
            await reaches(orderid, "open");
            assert.equal((await client.modifyOrder({ ...order("x"), orderid, price: "800" })).status, true);
            await eventually(async () => (await row(orderid)).price === 800);
            assert.equal((await client.cancelOrder({ variety: "NORMAL", orderid })).status, true);
            await reaches(orderid, "cancelled");
            await control("/rules", { limit_fills: "always" });
        },
        async "a long tag is refused"() {
            assert.equal((await client.placeOrder(order("x".repeat(20)))).errorcode, "AB4008");
        },
        async "an unregistered address is refused"() {
            const path = `/accounts/${account.client_code}/allowed-ips`;
            await control(path, ["203.0.113.7"]);
            assert.equal((await client.placeOrder(order("jsno"))).errorCode, "AG7002");
            await control(path, account.allowed_ips);
        },
        async "a flood becomes a bare 403"() {
            await control("/faults", { broker: "angel_one", operation: "book", kind: "refuse_rate_limited" });
            assert.deepEqual(await client.getOrderBook(), { status: 403, message: "Forbidden" });
        },
        async "a refresh gives new tokens"() {
            const renewed = await client.generateToken(session.refreshToken);
            assert.equal(renewed.status, true);
            assert.equal((await client.getRMS()).status, true);
        },
        async "a dead session calls the hook"() {
            await control("/faults", { broker: "angel_one", operation: "profile", kind: "token_death" });
            let called = false;
            client.setSessionExpiryHook(() => { called = true; });
            assert.equal((await client.getProfile()).errorCode, "AG8001");
            assert.equal(called, true);
        },
    };
}

function kite() {
    const account = summary.kite.accounts[0];
    const client = new KiteConnect({ api_key: account.api_key, root: summary.kite.base_url });
    const order = (tag, other) => client.placeOrder("regular", {
        exchange: "NSE", tradingsymbol: "INFY", transaction_type: "BUY", quantity: 2,
        product: "CNC", order_type: "LIMIT", price: 1523.1, tag, ...other,
    });
    const requestToken = async () => {
        const body = new URLSearchParams({
            api_key: account.api_key, user_id: account.user_id, password: account.password,
            totp: await code(account), action: "login",
        });
        const sent = await fetch(summary.kite.login_url, { method: "POST", body, redirect: "manual" });
        return new URL(sent.headers.get("location")).searchParams.get("request_token");
    };
    const last = async (id) => (await client.getOrderHistory(id)).at(-1);
    const reaches = (id, status) =>
        eventually(async () => { const r = await last(id); return r.status === status && r; });
    return {
        async "a wrong secret is refused"() {
            const token = await requestToken();
            const error = await refusal(() => client.generateSession(token, "wrong"));
            assert.deepEqual([error.error_type, error.message], ["TokenException", "Invalid `checksum`."]);
        },
        async "login exchanges the token"() {
            const session = await client.generateSession(await requestToken(), account.api_secret);
            assert.equal(session.user_id, account.user_id);
            client.setAccessToken(session.access_token);
        },
        async "profile and margins are read"() {
            assert.equal((await client.getProfile()).user_id, account.user_id);
            assert.ok((await client.getMargins("equity")).net > 0);
        },
        async "quotes are keyed by name"() {
            const key = "NSE:INFY";
            assert.equal((await client.getLTP([key]))[key].last_price, 1523.1);
            assert.equal((await client.getOHLC([key]))[key].ohlc.close, 1523.1);
            assert.equal((await client.getQuote([key]))[key].depth.buy.length, 5);
        },
        async "instruments are read from the dump"() {
            const rows = await client.getInstruments("NSE");
            assert.ok(rows.some((row) => row.tradingsymbol === "INFY" && row.instrument_type === "EQ"));
        },
        async "an order is followed to its trades"() {
            const { order_id: id } = await order("jskite1");
            assert.equal(typeof id, "string");
            await reaches(id, "COMPLETE");
            assert.ok((await client.getOrders()).some((row) => row.tag === "jskite1"));
            assert.equal((await client.getOrderTrades(id))[0].quantity, 2);
            assert.ok((await client.getTrades()).length > 0);
            assert.ok((await client.getPositions()).net.length > 0);
            assert.deepEqual(await client.getHoldings(), []);
        },
        async "an order is changed and cancelled"() {
            await control("/rules", { limit_fills: "never" });
            const { order_id: id } = await order("jskite2");
            await reaches(id, "OPEN");
            await client.modifyOrder("regular", id, { price: 1500 });
            await eventually(async () => { const r = await last(id); return r.price === 1500 && r.status === "OPEN"; });
            await client.cancelOrder("regular", id);
            await reaches(id, "CANCELLED");
            await control("/rules", { limit_fills: "always" });
        },
        async "a market order needs protection"() {
            const error = await refusal(() => order("m", { order_type: "MARKET", price: undefined }));
            assert.equal(error.error_type, "InputException");
        },
        async "too little money is a margin error"() {
            assert.equal((await refusal(() => order("rich", { quantity: 100000 }))).error_type, "MarginException");
        },
        async "an unregistered address is refused"() {
            const path = `/accounts/${account.user_id}/allowed-ips`;
            await control(path, ["203.0.113.7"]);
            const error = await refusal(() => order("jsno"));
            assert.match(error.message, /^IP \(127\.0\.0\.1\) is not allowed/);
            await control(path, account.allowed_ips);
        },
        async "a checksum of a postback is right"() {
            const post = { order_id: "1", order_timestamp: "2026-11-23 10:00:00" };
            const text = post.order_id + post.order_timestamp + account.api_secret;
            post.checksum = crypto.createHash("sha256").update(text).digest("hex");
            assert.equal(client.validatePostback(post, account.api_secret), true);
        },
        async "logout ends the session"() {
            await client.invalidateAccessToken(client.access_token);
            assert.equal((await refusal(() => client.getProfile())).error_type, "TokenException");
        },
    };
}

async function main() {
    let [passed, failed] = [0, 0];
    for (const [broker, checks] of [["Angel", angel()], ["Kite", kite()]]) {
        for (const [name, check] of Object.entries(checks)) {
            await anotherSecond();
            try {
                await check();
                passed += 1;
                console.log(`ok   ${broker} in JavaScript: ${name}`);
            } catch (error) {
                failed += 1;
                console.log(`FAIL ${broker} in JavaScript: ${name}: ${error.message ?? JSON.stringify(error)}`);
            }
        }
    }
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
}

main();
