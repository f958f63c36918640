// Angel One's own JavaScript client, smartapi-javascript.
"use strict";

const assert = require("node:assert/strict");

const {
    ELSEWHERE, code, control, eventually, expectKeys, summary, truth, withAddresses, withFields,
    withRules, wrongCode,
} = require("./common.js");

// The client asks outside services for this machine's address. Nothing leaves it.
const addressModule = require.resolve("public-ip");
require.cache[addressModule] = { id: addressModule, loaded: true, exports: { v4: async () => null } };

const { SmartAPI } = require("smartapi-javascript");

const ROW = `variety ordertype producttype duration price triggerprice quantity disclosedquantity
    squareoff stoploss trailingstoploss tradingsymbol transactiontype exchange symboltoken ordertag
    instrumenttype strikeprice optiontype expirydate lotsize cancelsize averageprice filledshares
    unfilledshares orderid text status orderstatus updatetime exchtime exchorderupdatetime fillid
    filltime parentorderid uniqueorderid exchangeorderid`;
const TRADE = `exchange producttype tradingsymbol instrumenttype symbolgroup strikeprice optiontype
    expirydate marketlot precision multiplier tradevalue transactiontype fillprice fillsize orderid
    fillid filltime`;
const RMS = `net availablecash availableintradaypayin availablelimitmargin collateral m2munrealized
    m2mrealized utiliseddebits utilisedspan utilisedoptionpremium utilisedholdingsales
    utilisedexposure utilisedturnover utilisedpayout`;
const FULL = `ltp open high low close lastTradeQty exchFeedTime exchTradeTime netChange percentChange
    avgPrice tradeVolume opnInterest lowerCircuit upperCircuit totBuyQuan totSellQuan 52WeekLow
    52WeekHigh depth`;

const account = summary.angel_one.accounts[0];
const root = summary.angel_one.base_url;

const clientOf = (key) => new SmartAPI({ api_key: key ?? account.api_key, root });
const client = clientOf();
let session;

const order = (tag, other) => ({
    variety: "NORMAL", tradingsymbol: "SBIN-EQ", symboltoken: "3045", transactiontype: "BUY",
    exchange: "NSE", ordertype: "LIMIT", producttype: "DELIVERY", duration: "DAY",
    price: "812.4", squareoff: "0", stoploss: "0", quantity: "5", ordertag: tag, ...other,
});
const place = (tag, other) => client.placeOrder(order(tag, other));
const placed = async (tag, other) => (await place(tag, other)).data.orderid;
const row = async (id) => (await client.getOrderBook()).data.find((r) => r.orderid === id);
const reaches = (id, status) =>
    eventually(async () => { const r = await row(id); return r.status === status && r; });
const login = async (by, { pin, totp } = {}) =>
    by.generateSession(account.client_code, pin ?? account.pin, totp ?? (await code(account)));

/** The service's dialect: all four keys, and nothing in data. */
function refused(answer, errorcode) {
    assert.deepEqual([answer.status, answer.errorcode, answer.data], [false, errorcode, null]);
}

/** The gateway's dialect, which has no status. */
function barred(answer, errorCode) {
    assert.deepEqual([answer.success, answer.errorCode, answer.data], [false, errorCode, ""]);
    assert.equal("status" in answer, false);
}

const entering = {
    async "a wrong code is refused"() {
        refused(await login(clientOf(), { totp: await wrongCode(account) }), "AB1050");
    },
    async "a wrong PIN is refused in the same words"() {
        const pin = account.pin === "0000" ? "1111" : "0000";
        const answer = await login(clientOf(), { pin });
        refused(answer, "AB1050");
        assert.equal(answer.message, "Invalid totp");
    },
    async "a password in place of the PIN is refused"() {
        const answer = await login(clientOf(), { pin: "Secret#1" });
        assert.match(answer.message, /^LoginbyPassword is not allowed/);
    },
    async "an unknown client is refused"() {
        refused(await clientOf().generateSession("NOBODY1", "1234", "123456"), "AB1007");
    },
    async "an unknown key is refused"() {
        barred(await login(clientOf("AbCd1234")), "AG8004");
        barred(await clientOf("AbCd1234").getRMS(), "AG8004");
    },
    async "an empty key gets a bare 400 at login"() {
        const answer = await login(new SmartAPI({ api_key: "", root }));
        assert.deepEqual(answer, { status: 400, message: "Bad Request" });
    },
    async "a call without a session misses its token"() {
        barred(await clientOf().getRMS(), "AG8003");
    },
    async "login gives three tokens"() {
        const answer = await login(client);
        assert.equal(answer.status, true);
        session = answer.data;
        assert.match(session.jwtToken, /^eyJ/);
        assert.ok(session.refreshToken && session.feedToken);
    },
    async "profile names the client"() {
        const { data } = await client.getProfile();
        assert.equal(data.clientcode, account.client_code);
        assert.ok(Array.isArray(data.exchanges) && Array.isArray(data.products));
    },
    async "funds are texts with four places"() {
        const { data } = await client.getRMS();
        expectKeys(data, RMS);
        assert.deepEqual([data.net, data.utilisedspan], ["1000000.0000", null]);
    },
    async "a doubled bearer is an invalid token"() {
        const other = clientOf();
        other.setAccessToken(`Bearer ${session.jwtToken}`);
        barred(await other.getRMS(), "AG8001");
    },
};

const reading = {
    async "empty books are null and empty holdings a list"() {
        assert.equal((await client.getOrderBook()).data, null);
        assert.equal((await client.getTradeBook()).data, null);
        assert.equal((await client.getPosition()).data, null);
        assert.deepEqual((await client.getHolding()).data, []);
    },
    async "all holdings come with their sum"() {
        const empty = (await client.getAllHolding()).data;
        assert.deepEqual([empty.holdings, empty.totalholding], [[], null]);
        const holdings =
            [{ exchange: "NSE", symbol: "SBIN-EQ", quantity: 10, average_price: "800" }];
        await withFields(account.client_code, { holdings: [] }, { holdings }, async () => {
            const { data } = await client.getAllHolding();
            assert.equal(data.holdings[0].quantity, 10);
            assert.equal(data.totalholding.totalprofitandloss, 124);
            assert.deepEqual((await client.getHolding()).data, data.holdings);
        });
    },
    async "a quote gives the last price"() {
        const mode = { mode: "LTP", exchangeTokens: { NSE: ["3045", "2885"] } };
        const { data } = await client.marketData(mode);
        assert.deepEqual(data.fetched.map((r) => r.tradingSymbol), ["SBIN-EQ", "RELIANCE-EQ"]);
        assert.deepEqual([data.fetched[0].ltp, data.unfetched], [812.4, []]);
    },
    async "a quote gives the day"() {
        const mode = { mode: "OHLC", exchangeTokens: { NSE: ["3045"] } };
        const found = (await client.marketData(mode)).data.fetched[0];
        assert.deepEqual([found.symbolToken, found.close], ["3045", 812.4]);
    },
    async "a quote gives everything"() {
        const mode = { mode: "FULL", exchangeTokens: { NSE: ["3045"] } };
        const found = (await client.marketData(mode)).data.fetched[0];
        expectKeys(found, FULL);
        assert.deepEqual([found.depth.buy.length, found.depth.sell.length], [5, 5]);
        assert.ok(found.lowerCircuit < found.ltp && found.ltp < found.upperCircuit);
    },
    async "a quote names what it did not find"() {
        const mode = { mode: "LTP", exchangeTokens: { NSE: ["3045", ""] } };
        const { data } = await client.marketData(mode);
        assert.deepEqual(data.unfetched.map((r) => r.errorCode), ["AB4018"]);
    },
    async "search finds a token"() {
        // This call hands on the list itself, and writes it to the screen.
        const found = await client.searchScrip({ exchange: "NSE", searchscrip: "SBIN" });
        const share = { exchange: "NSE", tradingsymbol: "SBIN-EQ", symboltoken: "3045" };
        assert.deepEqual(found, [share]);
    },
    async "candles are lists of six"() {
        const { data } = await client.getCandleData({
            exchange: "NSE", symboltoken: "3045", interval: "ONE_MINUTE",
            fromdate: "2026-11-23 09:15", todate: "2026-11-23 10:00",
        });
        assert.equal(data[0].length, 6);
    },
    async "instruments are listed"() {
        const list = await fetch(`${root}/OpenAPI_File/files/OpenAPIScripMaster.json`);
        const rows = (await list.json()).filter((r) => r.symbol === "SBIN-EQ");
        assert.deepEqual(rows.map((r) => r.token), [order("x").symboltoken]);
    },
};

const ordering = {
    async "an order is found by its tag"() {
        const answer = await place("jsangel1");
        const { status, message, errorcode } = answer;
        assert.deepEqual([status, message, errorcode], [true, "SUCCESS", ""]);
        const rows = (await client.getOrderBook()).data.filter((r) => r.ordertag === "jsangel1");
        assert.deepEqual(rows.map((r) => r.orderid), [answer.data.orderid]);
        expectKeys(rows[0], ROW);
        assert.equal(answer.data.orderid.length, 15);
    },
    async "details follow an order to its end"() {
        const { uniqueorderid } = (await place("jsangel2")).data;
        const done = await eventually(async () => {
            const { data } = await client.indOrderDetails(uniqueorderid);
            return data.status === "complete" && data;
        });
        assert.deepEqual([done.filledshares, done.averageprice], ["5", 812.4]);
        assert.deepEqual([done.status, done.unfilledshares], [done.orderstatus, "0"]);
    },
    async "details of an unknown order are refused"() {
        refused(await client.indOrderDetails("no-such-order"), "AB1013");
    },
    async "trades are booked"() {
        const rows = await eventually(async () => {
            const { data } = await client.getTradeBook();
            return data?.length === 2 && data;
        });
        expectKeys(rows[0], TRADE);
        assert.deepEqual([rows[0].fillsize, rows[0].fillprice], ["5", "812.40"]);
    },
    async "positions add up by instrument"() {
        const rows = (await client.getPosition()).data;
        assert.deepEqual(rows.map((r) => [r.tradingsymbol, r.netqty]), [["SBIN-EQ", "10"]]);
    },
    async "a position is converted and back"() {
        const terms = {
            exchange: "NSE", tradingsymbol: "SBIN-EQ", symboltoken: "3045",
            transactiontype: "BUY", quantity: 10, type: "DAY",
        };
        for (const [from, to] of [["DELIVERY", "INTRADAY"], ["INTRADAY", "DELIVERY"]]) {
            const wanted = { ...terms, oldproducttype: from, newproducttype: to };
            const answer = await client.convertPosition(wanted);
            assert.deepEqual([answer.status, answer.data], [true, null]);
            assert.deepEqual((await client.getPosition()).data.map((r) => r.producttype), [to]);
        }
        const none = { ...terms, oldproducttype: "MARGIN", newproducttype: "DELIVERY" };
        refused(await client.convertPosition(none), "AB1017");
    },
    async "a margin is told"() {
        const position = {
            exchange: "NSE", qty: 10, price: 812.4, productType: "DELIVERY", token: "3045",
            tradeType: "BUY",
        };
        const answer = await client.marginApi({ positions: [position] });
        assert.equal(answer.data.totalMarginRequired, 8124);
    },
    async "charges are told"() {
        const wanted = {
            product_type: "DELIVERY", transaction_type: "BUY", quantity: "10", price: "800",
            exchange: "NSE", symbol_name: "SBIN", token: "3045",
        };
        const answer = await client.estimateCharges({ orders: [wanted] });
        assert.equal(answer.data.summary.total_charges, 8);
    },
    async "funds shrink by what was bought"() {
        assert.equal((await client.getRMS()).data.net, "991876.0000");
    },
    async "a sale closes a position"() {
        await reaches(await placed("jsangel4", { transactiontype: "SELL", quantity: "10" }), "complete");
        assert.equal((await client.getPosition()).data[0].netqty, "0");
    },
    async "an order can be changed"() {
        await withRules({ limit_fills: "never" }, async () => {
            const orderid = await placed("jsangel5");
            await reaches(orderid, "open");
            const change = order("jsangel5", { orderid, price: "800", quantity: "4" });
            assert.equal((await client.modifyOrder(change)).data.orderid, orderid);
            const changed = await eventually(async () => {
                const r = await row(orderid);
                return r.price === 800 && r;
            });
            assert.equal(changed.quantity, "4");
            assert.equal((await client.cancelOrder({ variety: "NORMAL", orderid })).status, true);
        });
    },
    async "an order can be cancelled"() {
        await withRules({ limit_fills: "never" }, async () => {
            const orderid = await placed("jsangel6");
            await reaches(orderid, "open");
            const answer = await client.cancelOrder({ variety: "NORMAL", orderid });
            assert.equal(answer.data.orderid, orderid);
            const done = await reaches(orderid, "cancelled");
            assert.deepEqual([done.cancelsize, done.filledshares], ["5", "0"]);
        });
    },
    async "a finished order cannot be cancelled"() {
        const [{ order_id: orderid }] = await truth("jsangel2");
        assert.equal((await client.cancelOrder({ variety: "NORMAL", orderid })).status, false);
    },
    async "an unknown order cannot be cancelled or changed"() {
        const orderid = "000000000000000";
        refused(await client.cancelOrder({ variety: "NORMAL", orderid }), "AB1013");
        refused(await client.modifyOrder(order("x", { orderid })), "AB1013");
    },
    async "a stop waits for its trigger"() {
        const orderid = await placed("jsangel7", {
            variety: "STOPLOSS", ordertype: "STOPLOSS_LIMIT", price: "830", triggerprice: "825",
        });
        assert.equal((await reaches(orderid, "trigger pending")).triggerprice, 825);
        assert.equal((await client.cancelOrder({ variety: "STOPLOSS", orderid })).status, true);
    },
    async "a share at the other exchange has another name"() {
        const other = {
            exchange: "BSE", tradingsymbol: "SBIN", symboltoken: "500112", price: "812.3",
        };
        assert.equal((await reaches(await placed("jsangel8", other), "complete")).exchange, "BSE");
    },
    async "a market order becomes a limit"() {
        const orderid = await placed("jsangel12", { ordertype: "MARKET", price: "0" });
        const done = await reaches(orderid, "complete");
        assert.deepEqual([done.ordertype, done.averageprice], ["LIMIT", 812.4]);
    },
};

const refusing = {
    async "too little money is rejected in the book"() {
        const answer = await place("jsangel9", { quantity: "5000" });
        assert.equal(answer.status, true);
        assert.match((await reaches(answer.data.orderid, "rejected")).text, /Insufficient Funds/);
    },
    async "a long tag is refused"() {
        refused(await place("x".repeat(20)), "AB4008");
    },
    async "a wrong variety, product or symbol is refused"() {
        refused(await place("no", { variety: "FANCY" }), "AB1008");
        refused(await place("no", { producttype: "CNC" }), "AB1012");
        refused(await place("no", { symboltoken: "1" }), "AB1009");
    },
    async "robo orders are blocked"() {
        refused(await place("no", { variety: "ROBO" }), "AB2002");
    },
    async "a price out of range is refused"() {
        assert.match((await place("no", { price: "2000" })).message, /Limit Price Protection/);
    },
    async "a price between two ticks is rejected in the book"() {
        const orderid = await placed("jsangel10", { price: "812.43" });
        assert.match((await reaches(orderid, "rejected")).text, /tick size/);
    },
    async "more than the freeze quantity is rejected in the book"() {
        const list = await fetch(`${root}/OpenAPI_File/files/OpenAPIScripMaster.json`);
        const future = (await list.json()).find((r) => r.instrumenttype === "FUTIDX" && r.name === "NIFTY");
        const orderid = await placed("jsangel13", {
            exchange: "NFO", tradingsymbol: future.symbol, symboltoken: future.token,
            producttype: "CARRYFORWARD", quantity: String(28 * Number(future.lotsize)),
            price: "26150",
        });
        const { text } = await reaches(orderid, "rejected");
        assert.match(text, /freeze|Insufficient Funds/);
    },
    async "a scrip under surveillance needs consent"() {
        await withRules({ cautionary: ["SBIN-EQ"] }, async () => {
            refused(await place("no"), "AB4036");
            assert.equal((await place("jsangel11", { scripconsent: "yes" })).status, true);
        });
    },
    async "an unregistered address is refused"() {
        await withAddresses(account.client_code, account.allowed_ips, ELSEWHERE, async () => {
            barred(await place("jsangelno"), "AG7002");
            barred(await client.cancelOrder({ variety: "NORMAL", orderid: "0" }), "AG7002");
            assert.equal((await client.getRMS()).status, true);
            assert.deepEqual(await truth("jsangelno"), []);
        });
    },
    async "a flood becomes a bare 403"() {
        const fault = { broker: "angel_one", operation: "book", kind: "refuse_rate_limited" };
        await control("/faults", fault);
        assert.deepEqual(await client.getOrderBook(), { status: 403, message: "Forbidden" });
    },
    async "a firewall's page is handed on as it is"() {
        await control("/faults", { broker: "angel_one", operation: "book", kind: "firewall" });
        assert.match(await client.getOrderBook(), /Request Rejected/);
    },
};

const leaving = {
    async "a refresh rotates the tokens"() {
        const renewed = (await client.generateToken(session.refreshToken)).data;
        assert.notEqual(renewed.refreshToken, session.refreshToken);
        assert.equal((await client.getRMS()).status, true);
    },
    async "a used refresh token is refused"() {
        refused(await client.generateToken(session.refreshToken), "AB8050");
    },
    async "a dead session calls the hook"() {
        await control("/faults", { broker: "angel_one", operation: "profile", kind: "token_death" });
        let called = false;
        client.setSessionExpiryHook(() => { called = true; });
        barred(await client.getProfile(), "AG8001");
        assert.equal(called, true);
        assert.equal((await login(client)).status, true);
    },
    async "an expired session is told where the broker tells"() {
        await withRules({ expired_token: "told" }, async () => {
            const { now } = await control("/clock");
            await control("/clock", { now: "2026-11-24T00:00:01+05:30" });
            barred(await client.getRMS(), "AG8002");
            await control("/clock", { now });
        });
        assert.equal((await login(client)).status, true);
    },
    async "logout ends the session"() {
        const ended = await client.logout(account.client_code);
        assert.deepEqual([ended.status, ended.data], [true, ""]);
        barred(await client.getRMS(), "AG8001");
    },
    async "five wrong codes block the client"() {
        const totp = await wrongCode(account);
        for (let tries = 0; tries < 5; tries += 1) await login(clientOf(), { totp });
        const { errorcode, message } = await login(clientOf());
        assert.deepEqual([errorcode, message], ["AB1007", "USER IS BLOCKED FOR TRADING"]);
        await control(`/accounts/${account.client_code}/unblock`, {});
    },
};

module.exports = { ...entering, ...reading, ...ordering, ...refusing, ...leaving };
