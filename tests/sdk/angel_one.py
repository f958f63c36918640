"""Angel One's own client, smartapi-python."""

import logging
from unittest import mock

import requests

from common import (ELSEWHERE, SUMMARY, account_fields, code, control, eventually, expect,
                    expect_in, expect_keys, refusal, rules, truth, wrong_code)

# The client logs whole requests, PIN and all, as soon as one is refused.
logging.disable(logging.CRITICAL)

# Importing it asks an outside service for this machine's address. Nothing leaves it.
with mock.patch.object(requests, "get", side_effect=requests.ConnectionError("offline")):
    from SmartApi import SmartConnect
    from SmartApi import smartExceptions

ANGEL = SUMMARY["angel_one"]
ROW = ("variety ordertype producttype duration price triggerprice quantity disclosedquantity "
       "squareoff stoploss trailingstoploss tradingsymbol transactiontype exchange symboltoken "
       "ordertag instrumenttype strikeprice optiontype expirydate lotsize cancelsize averageprice "
       "filledshares unfilledshares orderid text status orderstatus updatetime exchtime "
       "exchorderupdatetime fillid filltime parentorderid uniqueorderid exchangeorderid")
TRADE = ("exchange producttype tradingsymbol instrumenttype symbolgroup strikeprice optiontype "
         "expirydate marketlot precision multiplier tradevalue transactiontype fillprice fillsize "
         "orderid fillid filltime")
RMS = ("net availablecash availableintradaypayin availablelimitmargin collateral m2munrealized "
       "m2mrealized utiliseddebits utilisedspan utilisedoptionpremium utilisedholdingsales "
       "utilisedexposure utilisedturnover utilisedpayout")
FULL = ("ltp open high low close lastTradeQty exchFeedTime exchTradeTime netChange percentChange "
        "avgPrice tradeVolume opnInterest lowerCircuit upperCircuit totBuyQuan totSellQuan "
        "52WeekLow 52WeekHigh depth")


def client_of(key=None):
    SmartConnect._rootUrl = ANGEL["base_url"]
    return SmartConnect(api_key=key or ANGEL["accounts"][0]["api_key"], root=ANGEL["base_url"])


class Angel:
    account = ANGEL["accounts"][0]
    client = None
    session = None

    def _order(self, tag, **other):
        return {
            "variety": "NORMAL", "tradingsymbol": "SBIN-EQ", "symboltoken": "3045",
            "transactiontype": "BUY", "exchange": "NSE", "ordertype": "LIMIT",
            "producttype": "DELIVERY", "duration": "DAY", "price": "812.4", "squareoff": "0",
            "stoploss": "0", "quantity": "5", "ordertag": tag, **other,
        }

    def _place(self, tag, **other):
        return self.client.placeOrderFullResponse(self._order(tag, **other))

    def _refused(self, answer, errorcode):
        """The service's dialect: all four keys, and nothing in data."""
        expect((answer["status"], answer["errorcode"], answer["data"]), (False, errorcode, None))

    def _barred(self, answer, error_code):
        """The gateway's dialect, which has no status."""
        expect((answer["success"], answer["errorCode"], answer["data"]), (False, error_code, ""))
        expect("status" in answer, False)

    def _row(self, order_id):
        return [row for row in self.client.orderBook()["data"] if row["orderid"] == order_id][0]

    def _reaches(self, order_id, status):
        return eventually(lambda: self._row(order_id)["status"] == status and self._row(order_id))

    def _login(self, client, pin=None, totp=None):
        return client.generateSession(self.account["client_code"], pin or self.account["pin"],
                                      totp or code(self.account))

    # Who is there

    def wrong_totp_is_refused(self):
        self._refused(self._login(client_of(), totp=wrong_code(self.account)), "AB1050")

    def wrong_pin_is_refused_in_the_same_words(self):
        wrong = "0000" if self.account["pin"] != "0000" else "1111"
        answer = self._login(client_of(), pin=wrong)
        self._refused(answer, "AB1050")
        expect(answer["message"], "Invalid totp")

    def a_password_in_place_of_the_pin_is_refused(self):
        answer = self._login(client_of(), pin="Secret#1")
        expect(answer["message"].startswith("LoginbyPassword is not allowed"), True)

    def an_unknown_client_is_refused(self):
        answer = client_of().generateSession("NOBODY1", "1234", "123456")
        self._refused(answer, "AB1007")

    def an_unknown_key_is_refused(self):
        """The client trips over the gateway's dialect at login; elsewhere it hands it on."""
        refusal(KeyError, self._login, client_of("AbCd1234"))
        self._barred(client_of("AbCd1234").rmsLimit(), "AG8004")

    def a_call_without_a_session_misses_its_token(self):
        self._barred(client_of().rmsLimit(), "AG8003")

    def login_gives_three_tokens(self):
        self.client = client_of()
        answer = self._login(self.client)
        expect(answer["status"], True)
        self.session = answer["data"]
        expect(self.session["jwtToken"].startswith("Bearer eyJ"), True)
        expect(bool(self.session["refreshToken"] and self.session["feedToken"]), True)
        expect(self.client.getfeedToken(), self.session["feedToken"])

    def profile_names_the_client(self):
        data = self.client.getProfile(self.session["refreshToken"])["data"]
        expect(data["clientcode"], self.account["client_code"])
        expect(type(data["exchanges"]), list)

    def funds_are_texts_with_four_places(self):
        data = self.client.rmsLimit()["data"]
        expect_keys(data, RMS)
        expect((data["net"], data["utilisedspan"]), ("1000000.0000", None))

    def doubled_bearer_is_an_invalid_token(self):
        client = client_of()
        client.setAccessToken(self.session["jwtToken"])
        self._barred(client.rmsLimit(), "AG8001")

    # Before the first order

    def empty_books_are_null_and_empty_holdings_a_list(self):
        expect(self.client.orderBook()["data"], None)
        expect(self.client.tradeBook()["data"], None)
        expect(self.client.position()["data"], None)
        expect(self.client.holding()["data"], [])

    def all_holdings_come_with_their_sum(self):
        empty = self.client.allholding()["data"]
        expect((empty["holdings"], empty["totalholding"]), ([], None))
        held = [{"exchange": "NSE", "symbol": "SBIN-EQ", "quantity": 10, "average_price": "800"}]
        with account_fields(self.account["client_code"], {"holdings": []}, holdings=held):
            data = self.client.allholding()["data"]
            expect(data["holdings"][0]["quantity"], 10)
            expect(data["totalholding"]["totalprofitandloss"], 124.0)
            expect(self.client.holding()["data"], data["holdings"])

    def last_price_comes_with_the_day(self):
        data = self.client.ltpData("NSE", "SBIN-EQ", "3045")["data"]
        expect((data["ltp"], data["symboltoken"]), (812.4, "3045"))
        expect_keys(data, "exchange tradingsymbol open high low close")

    def an_unknown_symbol_has_no_price(self):
        self._refused(self.client.ltpData("NSE", "NOSUCH-EQ", "1"), "AB1018")

    def quote_gives_the_last_price(self):
        data = self.client.getMarketData("LTP", {"NSE": ["3045", "2885"]})["data"]
        expect([row["tradingSymbol"] for row in data["fetched"]], ["SBIN-EQ", "RELIANCE-EQ"])
        expect(data["unfetched"], [])

    def quote_gives_the_day(self):
        row = self.client.getMarketData("OHLC", {"NSE": ["3045"]})["data"]["fetched"][0]
        expect((row["symbolToken"], row["close"]), ("3045", 812.4))

    def quote_gives_everything(self):
        row = self.client.getMarketData("FULL", {"NSE": ["3045"]})["data"]["fetched"][0]
        expect_keys(row, FULL)
        expect((len(row["depth"]["buy"]), len(row["depth"]["sell"])), (5, 5))

    def quote_names_what_it_did_not_find(self):
        data = self.client.getMarketData("LTP", {"NSE": ["3045", ""]})["data"]
        expect([row["errorCode"] for row in data["unfetched"]], ["AB4018"])

    def search_finds_a_token(self):
        found = self.client.searchScrip("NSE", "SBIN")["data"]
        expect(found, [{"exchange": "NSE", "tradingsymbol": "SBIN-EQ", "symboltoken": "3045"}])

    def candles_are_lists_of_six(self):
        data = self.client.getCandleData({
            "exchange": "NSE", "symboltoken": "3045", "interval": "ONE_MINUTE",
            "fromdate": "2026-11-23 09:15", "todate": "2026-11-23 10:00"})["data"]
        expect(len(data[0]), 6)

    def instruments_are_listed(self):
        rows = requests.get(ANGEL["base_url"] + "/OpenAPI_File/files/OpenAPIScripMaster.json").json()
        found = [row["token"] for row in rows if row["symbol"] == "SBIN-EQ"]
        expect(found, [self._order("x")["symboltoken"]])

    # Orders

    def an_order_is_found_by_its_tag(self):
        placed = self._place("sdkangel1")
        expect((placed["status"], placed["message"], placed["errorcode"]), (True, "SUCCESS", ""))
        rows = [row for row in self.client.orderBook()["data"] if row["ordertag"] == "sdkangel1"]
        expect([row["orderid"] for row in rows], [placed["data"]["orderid"]])
        expect_keys(rows[0], ROW)

    def details_follow_an_order_to_its_end(self):
        unique = self._place("sdkangel2")["data"]["uniqueorderid"]

        def complete():
            row = self.client.individual_order_details(unique)["data"]
            return row["status"] == "complete" and row

        row = eventually(complete)
        expect((row["filledshares"], row["averageprice"]), ("5", 812.4))
        expect((row["status"], row["unfilledshares"]), (row["orderstatus"], "0"))

    def details_of_an_unknown_order_are_refused(self):
        self._refused(self.client.individual_order_details("no-such-order"), "AB1013")

    def trades_are_booked(self):
        rows = eventually(lambda: len(self.client.tradeBook()["data"] or []) == 2
                          and self.client.tradeBook()["data"])
        expect_keys(rows[0], TRADE)
        expect((rows[0]["fillsize"], rows[0]["fillprice"]), ("5", "812.40"))

    def positions_add_up_by_instrument(self):
        rows = self.client.position()["data"]
        expect([(row["tradingsymbol"], row["netqty"]) for row in rows], [("SBIN-EQ", "10")])

    def a_position_is_converted_and_back(self):
        terms = {"exchange": "NSE", "tradingsymbol": "SBIN-EQ", "symboltoken": "3045",
                 "transactiontype": "BUY", "quantity": 10, "type": "DAY"}
        for old, new in (("DELIVERY", "INTRADAY"), ("INTRADAY", "DELIVERY")):
            answer = self.client.convertPosition(
                {**terms, "oldproducttype": old, "newproducttype": new})
            expect((answer["status"], answer["data"]), (True, None))
            expect([row["producttype"] for row in self.client.position()["data"]], [new])
        self._refused(self.client.convertPosition(
            {**terms, "oldproducttype": "MARGIN", "newproducttype": "DELIVERY"}), "AB1017")

    def a_margin_is_told(self):
        row = {"exchange": "NSE", "qty": 10, "price": 812.4, "productType": "DELIVERY",
               "token": "3045", "tradeType": "BUY"}
        answer = self.client.getMarginApi({"positions": [row]})
        expect(answer["data"]["totalMarginRequired"], 8124.0)

    def charges_are_told(self):
        row = {"product_type": "DELIVERY", "transaction_type": "BUY", "quantity": "10",
               "price": "800", "exchange": "NSE", "symbol_name": "SBIN", "token": "3045"}
        answer = self.client.estimateCharges({"orders": [row]})
        expect(answer["data"]["summary"]["total_charges"], 8.0)

    def funds_shrink_by_what_was_bought(self):
        expect(self.client.rmsLimit()["data"]["net"], "991876.0000")

    def the_short_way_of_placing_gives_the_id(self):
        order_id = self.client.placeOrder(self._order("sdkangel3"))
        expect((type(order_id).__name__, len(order_id)), ("str", 15))
        self._reaches(order_id, "complete")

    def a_sale_closes_a_position(self):
        placed = self._place("sdkangel4", transactiontype="SELL", quantity="15")
        self._reaches(placed["data"]["orderid"], "complete")
        expect(self.client.position()["data"][0]["netqty"], "0")

    def an_order_can_be_changed(self):
        with rules(limit_fills="never"):
            order_id = self.client.placeOrder(self._order("sdkangel5"))
            self._reaches(order_id, "open")
            change = self._order("sdkangel5", orderid=order_id, price="800", quantity="4")
            expect(self.client.modifyOrder(change)["data"]["orderid"], order_id)
            row = eventually(lambda: self._row(order_id)["price"] == 800.0 and self._row(order_id))
            expect(row["quantity"], "4")
            expect(self.client.cancelOrder(order_id, "NORMAL")["status"], True)

    def an_order_can_be_cancelled(self):
        with rules(limit_fills="never"):
            order_id = self.client.placeOrder(self._order("sdkangel6"))
            self._reaches(order_id, "open")
            expect(self.client.cancelOrder(order_id, "NORMAL")["data"]["orderid"], order_id)
            row = self._reaches(order_id, "cancelled")
            expect((row["cancelsize"], row["filledshares"]), ("5", "0"))

    def a_finished_order_cannot_be_cancelled(self):
        order_id = truth("sdkangel2")[0]["order_id"]
        expect(self.client.cancelOrder(order_id, "NORMAL")["status"], False)

    def an_unknown_order_cannot_be_cancelled_or_changed(self):
        self._refused(self.client.cancelOrder("000000000000000", "NORMAL"), "AB1013")
        change = self._order("x", orderid="000000000000000")
        self._refused(self.client.modifyOrder(change), "AB1013")

    def a_stop_waits_for_its_trigger(self):
        placed = self._place("sdkangel7", variety="STOPLOSS", ordertype="STOPLOSS_LIMIT",
                             price="830", triggerprice="825")
        row = self._reaches(placed["data"]["orderid"], "trigger pending")
        expect(row["triggerprice"], 825.0)
        expect(self.client.cancelOrder(placed["data"]["orderid"], "STOPLOSS")["status"], True)

    def a_share_at_the_other_exchange_has_another_name(self):
        placed = self._place("sdkangel8", exchange="BSE", tradingsymbol="SBIN",
                             symboltoken="500112", price="812.3")
        expect(self._reaches(placed["data"]["orderid"], "complete")["exchange"], "BSE")

    # Refusals

    def too_little_money_is_rejected_in_the_book(self):
        placed = self._place("sdkangel9", quantity="5000")
        expect(placed["status"], True)
        row = self._reaches(placed["data"]["orderid"], "rejected")
        expect_in("Insufficient Funds", row["text"])

    def a_long_tag_is_refused(self):
        self._refused(self._place("x" * 20), "AB4008")

    def a_wrong_variety_product_or_symbol_is_refused(self):
        self._refused(self._place("no", variety="FANCY"), "AB1008")
        self._refused(self._place("no", producttype="CNC"), "AB1012")
        self._refused(self._place("no", symboltoken="1"), "AB1009")

    def robo_orders_are_blocked(self):
        self._refused(self._place("no", variety="ROBO"), "AB2002")

    def a_price_out_of_range_is_refused(self):
        expect_in("Limit Price Protection", self._place("no", price="2000")["message"])

    def a_price_between_two_ticks_is_rejected_in_the_book(self):
        placed = self._place("sdkangel10", price="812.43")
        expect_in("tick size", self._reaches(placed["data"]["orderid"], "rejected")["text"])

    def a_scrip_under_surveillance_needs_consent(self):
        with rules(cautionary=["SBIN-EQ"]):
            self._refused(self._place("no"), "AB4036")
            expect(self._place("sdkangel11", scripconsent="yes")["status"], True)

    def the_short_way_of_placing_loses_a_refusal(self):
        expect(self.client.placeOrder(self._order("x" * 20)), None)

    def an_unregistered_address_is_refused(self):
        path = f"/accounts/{self.account['client_code']}/allowed-ips"
        control(path, ELSEWHERE)
        try:
            self._barred(self._place("sdkangelno"), "AG7002")
            self._barred(self.client.cancelOrder("0", "NORMAL"), "AG7002")
            expect(self.client.rmsLimit()["status"], True)
            expect(truth("sdkangelno"), [])
        finally:
            control(path, self.account["allowed_ips"])

    def a_flood_gets_a_text_that_is_no_json(self):
        control("/faults", {"broker": "angel_one", "operation": "book",
                            "kind": "refuse_rate_limited"})
        error = refusal(smartExceptions.DataException, self.client.orderBook)
        expect_in("exceeding access rate", str(error))

    # The end of a session

    def a_refresh_rotates_the_tokens(self):
        renewed = self.client.generateToken(self.session["refreshToken"])["data"]
        expect(renewed["refreshToken"] != self.session["refreshToken"], True)
        expect(self.client.rmsLimit()["status"], True)
        self.client.setRefreshToken(renewed["refreshToken"])

    def the_other_way_of_refreshing_works_too(self):
        renewed = self.client.renewAccessToken()
        expect(renewed["clientcode"], self.account["client_code"])
        self._login(self.client)

    def a_used_refresh_token_is_refused(self):
        path = "/rest/auth/angelbroking/jwt/v1/generateTokens"
        headers = dict(self.client.requestHeaders(),
                       Authorization="Bearer " + self.client.access_token)
        answer = requests.post(ANGEL["base_url"] + path, headers=headers,
                               json={"refreshToken": self.session["refreshToken"]}).json()
        self._refused(answer, "AB8050")

    def a_token_that_dies_is_invalid(self):
        control("/faults", {"broker": "angel_one", "operation": "funds", "kind": "token_death"})
        self._barred(self.client.rmsLimit(), "AG8001")
        expect(self._login(self.client)["status"], True)

    def logout_ends_the_session(self):
        ended = self.client.terminateSession(self.account["client_code"])
        expect((ended["status"], ended["data"]), (True, ""))
        self._barred(self.client.rmsLimit(), "AG8001")

    def five_wrong_codes_block_the_client(self):
        for _ in range(5):
            self._login(client_of(), totp=wrong_code(self.account))
        answer = self._login(client_of())
        expect((answer["errorcode"], answer["message"]), ("AB1007", "USER IS BLOCKED FOR TRADING"))
        control(f"/accounts/{self.account['client_code']}/unblock", {})
