"""Zerodha's own client, kiteconnect."""

import urllib.parse

import kiteconnect
import requests
from kiteconnect import exceptions as errors

from common import (ELSEWHERE, SUMMARY, account_fields, code, control, eventually, expect,
                    expect_in, expect_keys, refusal, rules, truth, wrong_code)

KITE = SUMMARY["kite"]
ROW = ("account_id placed_by order_id exchange_order_id parent_order_id status status_message "
       "status_message_raw order_timestamp exchange_update_timestamp exchange_timestamp variety "
       "modified exchange tradingsymbol instrument_token order_type transaction_type validity "
       "validity_ttl product quantity disclosed_quantity price trigger_price average_price "
       "filled_quantity pending_quantity cancelled_quantity market_protection meta tag guid")
TRADE = ("trade_id order_id exchange_order_id exchange tradingsymbol instrument_token product "
         "average_price quantity transaction_type fill_timestamp order_timestamp "
         "exchange_timestamp")
POSITION = ("tradingsymbol exchange instrument_token product quantity overnight_quantity "
            "multiplier average_price close_price last_price value pnl m2m unrealised realised "
            "buy_quantity buy_price buy_value buy_m2m sell_quantity sell_price sell_value sell_m2m "
            "day_buy_quantity day_buy_price day_buy_value day_sell_quantity day_sell_price "
            "day_sell_value")
QUOTE = ("instrument_token timestamp last_trade_time last_price last_quantity buy_quantity "
         "sell_quantity volume average_price oi oi_day_high oi_day_low net_change "
         "lower_circuit_limit upper_circuit_limit ohlc depth")


class Kite:
    account = KITE["accounts"][0]
    client = kiteconnect.KiteConnect(KITE["accounts"][0]["api_key"], root=KITE["base_url"])

    def _submit(self, **other):
        form = {
            "api_key": self.account["api_key"], "user_id": self.account["user_id"],
            "password": self.account["password"], "totp": code(self.account), "action": "login",
            **other,
        }
        return requests.post(KITE["login_url"], form, allow_redirects=False)

    def _query(self, sent):
        expect(sent.status_code, 302)
        return dict(urllib.parse.parse_qsl(urllib.parse.urlparse(sent.headers["Location"]).query))

    def _request_token(self, state):
        """Fills in the login page as a browser would; the token out of the redirect."""
        query = self._query(self._submit(redirect_params=f"state={state}"))
        expect((query["status"], query["state"]), ("success", state))
        return query["request_token"]

    def _session(self):
        session = self.client.generate_session(
            self._request_token("s"), api_secret=self.account["api_secret"])
        self.client.set_access_token(session["access_token"])
        return session

    def _order(self, tag, **other):
        fields = dict(
            variety="regular", exchange="NSE", tradingsymbol="INFY", transaction_type="BUY",
            quantity=2, product="CNC", order_type="LIMIT", price=1523.1, tag=tag)
        return self.client.place_order(**{**fields, **other})

    def _refused(self, kind, status, text, call, *args, **kwargs):
        error = refusal(kind, call, *args, **kwargs)
        expect(error.code, status)
        expect_in(text, str(error))

    def _row(self, order_id):
        return [row for row in self.client.orders() if row["order_id"] == order_id][0]

    def _reaches(self, order_id, status):
        return eventually(lambda: self._row(order_id)["status"] == status and self._row(order_id))

    # Logging in

    def the_login_link_leads_to_a_page(self):
        link = self.client.login_url()
        expect_in("v=3", link)
        query = urllib.parse.urlparse(link).query
        expect(requests.get(KITE["login_url"] + "?" + query).status_code, 200)

    def wrong_totp_is_refused(self):
        expect(self._submit(totp=wrong_code(self.account)).status_code, 403)

    def wrong_password_is_refused(self):
        expect(self._submit(password="wrong").status_code, 403)

    def a_cancelled_login_gives_no_token(self):
        query = self._query(self._submit(action="cancel", redirect_params="state=x"))
        expect(query, {"status": "cancelled"})

    def bad_checksum_is_refused(self):
        self._refused(errors.TokenException, 403, "Invalid `checksum`.",
                      self.client.generate_session, self._request_token("a"), api_secret="wrong")

    def an_unknown_request_token_is_refused(self):
        self._refused(errors.TokenException, 403, "Token is invalid or has expired.",
                      self.client.generate_session, "nosuchtoken",
                      api_secret=self.account["api_secret"])

    def a_call_without_a_session_is_refused(self):
        self._refused(errors.TokenException, 403, "Incorrect `api_key` or `access_token`.",
                      self.client.profile)

    def login_exchanges_the_token(self):
        session = self._session()
        expect(session["user_id"], self.account["user_id"])
        expect(type(session["login_time"]).__name__, "datetime")
        expect_keys(session, "user_name user_shortname email broker api_key avatar_url user_type "
                             "exchanges products order_types meta access_token public_token "
                             "refresh_token enctoken silo")

    def a_request_token_serves_once(self):
        token = self._request_token("b")
        session = self.client.generate_session(token, api_secret=self.account["api_secret"])
        self.client.set_access_token(session["access_token"])
        again = kiteconnect.KiteConnect(self.account["api_key"], root=KITE["base_url"])
        self._refused(errors.TokenException, 403, "Token is invalid or has expired.",
                      again.generate_session, token, api_secret=self.account["api_secret"])

    def a_session_without_the_platform_cannot_be_renewed(self):
        self._refused(errors.TokenException, 403, "Token is invalid or has expired.",
                      self.client.renew_access_token, "none", self.account["api_secret"])

    def an_approved_platform_renews_its_session(self):
        with account_fields(self.account["user_id"], {"plan": "connect"}, plan="approved"):
            session = self._session()
            renewed = self.client.renew_access_token(
                session["refresh_token"], self.account["api_secret"])
            expect(renewed["access_token"] != session["access_token"], True)
            expect(self.client.profile()["user_id"], self.account["user_id"])
        self._session()

    # Before the first order

    def profile_names_the_user(self):
        expect(self.client.profile()["user_id"], self.account["user_id"])

    def margins_come_by_segment(self):
        expect(self.client.margins()["equity"]["net"], 1000000.0)
        expect(self.client.margins("equity")["available"]["live_balance"], 1000000.0)
        expect(self.client.margins("commodity")["net"], 0.0)

    def empty_books_are_lists(self):
        expect((self.client.orders(), self.client.trades()), ([], []))
        expect(self.client.positions(), {"net": [], "day": []})
        expect(self.client.holdings(), [])

    def holdings_have_their_price(self):
        held = [{"exchange": "NSE", "symbol": "INFY", "quantity": 10, "average_price": "1500"}]
        with account_fields(self.account["user_id"], {"holdings": []}, holdings=held):
            row = self.client.holdings()[0]
            expect((row["quantity"], row["average_price"], row["pnl"]), (10, 1500.0, 231.0))

    def last_price_leaves_out_the_unknown(self):
        quote = self.client.ltp("NSE:INFY", "NSE:NOSUCH")
        expect(quote, {"NSE:INFY": {"instrument_token": 408065, "last_price": 1523.1}})

    def ohlc_gives_the_day(self):
        row = self.client.ohlc(["NSE:INFY", "NSE:SBIN"])["NSE:SBIN"]
        expect((row["last_price"], sorted(row["ohlc"])), (812.4, ["close", "high", "low", "open"]))

    def quote_gives_everything(self):
        row = self.client.quote("NSE:INFY")["NSE:INFY"]
        expect_keys(row, QUOTE)
        expect((len(row["depth"]["buy"]), type(row["timestamp"]).__name__), (5, "datetime"))

    def the_free_plan_has_no_prices(self):
        with account_fields(self.account["user_id"], {"plan": "connect"}, plan="personal"):
            self._refused(errors.PermissionException, 403, "Insufficient permission for that call.",
                          self.client.ltp, "NSE:INFY")

    def candles_are_read(self):
        rows = self.client.historical_data(408065, "2026-11-23", "2026-11-23", "minute")
        expect_keys(rows[0], "date open high low close volume")

    def instruments_are_read(self):
        rows = {row["tradingsymbol"]: row for row in self.client.instruments("NSE")}
        expect((rows["INFY"]["instrument_token"], rows["INFY"]["tick_size"]), (408065, 0.1))
        futures = [row for row in self.client.instruments() if row["segment"] == "NFO-FUT"]
        expect({type(row["expiry"]).__name__ for row in futures}, {"date"})
        expect({row["instrument_type"] for row in futures}, {"FUT"})

    # Orders

    def an_order_is_found_by_its_tag(self):
        order_id = self._order("sdkkite1")
        expect((type(order_id).__name__, len(order_id)), ("str", 19))
        rows = [row for row in self.client.orders() if row["tag"] == "sdkkite1"]
        expect([row["order_id"] for row in rows], [order_id])
        expect_keys(rows[0], ROW)
        expect(rows[0]["tags"], ["sdkkite1"])

    def an_order_has_a_history(self):
        order_id = truth("sdkkite1")[0]["order_id"]
        self._reaches(order_id, "COMPLETE")
        rows = self.client.order_history(order_id)
        expect([row["status"] for row in rows],
               ["PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING", "OPEN", "COMPLETE"])
        expect((rows[-1]["filled_quantity"], rows[0]["filled_quantity"]), (2, 0))

    def trades_are_booked(self):
        order_id = truth("sdkkite1")[0]["order_id"]
        expect_keys(self.client.trades()[0], TRADE)
        trade = self.client.order_trades(order_id)[0]
        expect((trade["average_price"], trade["quantity"]), (1523.1, 2))
        expect(type(trade["fill_timestamp"]).__name__, "datetime")

    def positions_are_kept(self):
        row = self.client.positions()["net"][0]
        expect_keys(row, POSITION)
        expect((row["quantity"], row["buy_value"]), (2, 3046.2))

    def a_position_is_converted_and_back(self):
        terms = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY",
                 "position_type": "day", "quantity": 2}
        for old, new in (("CNC", "MIS"), ("MIS", "CNC")):
            expect(self.client.convert_position(old_product=old, new_product=new, **terms), True)
            expect(self.client.positions()["net"][0]["product"], new)
        self._refused(errors.InputException, 400, "Invalid `quantity`.",
                      self.client.convert_position, old_product="CNC", new_product="MIS",
                      **{**terms, "quantity": 1})

    def margins_of_orders_and_baskets_are_told(self):
        order = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY",
                 "variety": "regular", "product": "CNC", "order_type": "LIMIT", "quantity": 2,
                 "price": 1500}
        row = self.client.order_margins([order])[0]
        expect_keys(row, "type tradingsymbol exchange span exposure option_premium additional bo cash "
                         "var pnl leverage charges total")
        expect(row["total"], 3000.0)
        expect(self.client.basket_order_margins([order, order])["final"]["total"], 6000.0)

    def a_contract_note_is_told_in_advance(self):
        order = {"order_id": "1", "exchange": "NSE", "tradingsymbol": "INFY",
                 "transaction_type": "BUY", "variety": "regular", "product": "CNC",
                 "order_type": "LIMIT", "quantity": 2, "average_price": 1500}
        expect(self.client.get_virtual_contract_note([order])[0]["charges"]["total"], 3.0)

    def margins_shrink_by_what_was_bought(self):
        expect(self.client.margins("equity")["net"], 996953.8)

    def a_sale_closes_a_position(self):
        self._reaches(self._order("sdkkite2", transaction_type="SELL"), "COMPLETE")
        expect(self.client.positions()["net"][0]["quantity"], 0)

    def an_order_can_be_changed(self):
        with rules(limit_fills="never"):
            order_id = self._order("sdkkite3")
            self._reaches(order_id, "OPEN")
            expect(self.client.modify_order("regular", order_id, price=1500, quantity=3), order_id)
            row = eventually(lambda: self._row(order_id)["price"] == 1500 and self._row(order_id))
            expect((row["quantity"], row["modified"]), (3, True))
            self._reaches(order_id, "OPEN")
            expect(self.client.cancel_order("regular", order_id), order_id)

    def an_order_can_be_cancelled(self):
        with rules(limit_fills="never"):
            order_id = self._order("sdkkite4")
            self._reaches(order_id, "OPEN")
            expect(self.client.cancel_order("regular", order_id), order_id)
            row = self._reaches(order_id, "CANCELLED")
            expect((row["cancelled_quantity"], row["pending_quantity"]), (2, 0))

    def a_finished_order_cannot_be_cancelled(self):
        order_id = truth("sdkkite1")[0]["order_id"]
        refusal(errors.InputException, self.client.cancel_order, "regular", order_id)

    def an_unknown_order_is_refused(self):
        text = "Couldn't find that `order_id`."
        for call in (self.client.cancel_order, self.client.modify_order):
            expect(str(refusal(errors.GeneralException, call, "regular", "1")), text)
        expect(str(refusal(errors.GeneralException, self.client.order_history, "1")), text)

    def a_stop_waits_for_its_trigger(self):
        order_id = self._order("sdkkite5", order_type="SL", price=1550, trigger_price=1545)
        expect(self._reaches(order_id, "TRIGGER PENDING")["trigger_price"], 1545)
        expect(self.client.cancel_order("regular", order_id), order_id)

    def a_market_order_needs_protection(self):
        self._refused(errors.InputException, 400, "market protection", self._order, "m",
                      order_type="MARKET", price=None)
        self._refused(errors.InputException, 400, "market protection", self._order, "m",
                      order_type="MARKET", price=None, market_protection=0)

    def a_protected_market_order_becomes_a_limit(self):
        order_id = self._order("m", order_type="MARKET", price=None, market_protection=-1)
        row = self._row(order_id)
        expect((row["order_type"], "mktp" in row["tags"]), ("LIMIT", True))

    # Refusals

    def too_little_money_is_a_margin_error(self):
        self._refused(errors.KiteException, 400, "Insufficient funds.", self._order, "rich",
                      quantity=100000)

    def a_long_tag_is_refused(self):
        self._refused(errors.InputException, 400, "tag", self._order, "x" * 21)

    def an_unknown_symbol_is_refused(self):
        self._refused(errors.InputException, 400, "expired or does not exist", self._order, "no",
                      tradingsymbol="NOSUCH")

    def a_price_between_two_ticks_is_refused(self):
        self._refused(errors.InputException, 400, "Tick size for this script is 0.10.",
                      self._order, "no", price=1523.15)

    def a_price_out_of_range_is_refused(self):
        self._refused(errors.InputException, 400, "upper circuit limit", self._order, "no",
                      price=2000)

    def a_broken_lot_is_refused(self):
        refusal(errors.InputException, self._order, "no", exchange="NFO",
                tradingsymbol="NIFTY26DECFUT", quantity=1, product="NRML", price=26150)

    def a_limit_order_without_its_price_is_refused(self):
        self._refused(errors.InputException, 400, "`price`", self._order, "no", price=None)

    def a_sale_from_the_depository_needs_authorisation(self):
        with account_fields(self.account["user_id"], {"ddpi": True}, ddpi=False):
            self._refused(errors.KiteException, 428, "2 quantity needs authorisation at depository.",
                          self._order, "no", transaction_type="SELL")

    def an_unregistered_address_is_refused(self):
        path = f"/accounts/{self.account['user_id']}/allowed-ips"
        control(path, ELSEWHERE)
        try:
            self._refused(errors.PermissionException, 403,
                          "IP (127.0.0.1) is not allowed to place orders for this app.",
                          self._order, "sdkkiteno")
            control(path, [])
            self._refused(errors.PermissionException, 403, "No IPs configured for this app.",
                          self.client.cancel_order, "regular", "1")
            expect((bool(self.client.profile()), truth("sdkkiteno")), (True, []))
        finally:
            control(path, self.account["allowed_ips"])

    def a_flood_is_a_network_error(self):
        control("/faults", {"broker": "kite", "operation": "book", "kind": "refuse_rate_limited"})
        self._refused(errors.NetworkException, 429, "Too many requests", self.client.orders)

    def an_order_said_to_have_timed_out_may_be_there(self):
        control("/faults", {"broker": "kite", "operation": "place",
                            "kind": "accept_then_timed_out"})
        self._refused(errors.KiteException, 400, "check the order book", self._order, "sdkkite6")
        expect(len([row for row in self.client.orders() if row["tag"] == "sdkkite6"]), 1)

    # The end of a session

    def a_token_that_dies_calls_the_hook(self):
        called = []
        self.client.set_session_expiry_hook(lambda: called.append(True))
        control("/faults", {"broker": "kite", "operation": "profile", "kind": "token_death"})
        refusal(errors.TokenException, self.client.profile)
        expect(called, [True])
        self._session()

    def a_second_login_ends_the_first(self):
        first = self.client.access_token
        self._session()
        other = kiteconnect.KiteConnect(self.account["api_key"], access_token=first,
                                        root=KITE["base_url"])
        refusal(errors.TokenException, other.profile)

    def logout_ends_the_session(self):
        expect(self.client.invalidate_access_token(), True)
        refusal(errors.TokenException, self.client.profile)
