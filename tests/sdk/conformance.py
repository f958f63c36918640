"""The brokers' official Python clients against the sandbox.

Given the sandbox's summary line as its argument. Each check says what a person
trading with that client would see; the clients themselves are not changed, only
pointed at the sandbox by the switches they offer.
"""

import json
import logging
import sys
import time
import urllib.parse
import urllib.request
from datetime import datetime
from unittest import mock

import pyotp
import requests

# The Angel One client logs whole requests, PIN and all, as soon as one is refused.
logging.disable(logging.CRITICAL)

# Importing SmartApi asks an outside service for this machine's address. Nothing leaves it.
with mock.patch.object(requests, "get", side_effect=requests.ConnectionError("offline")):
    from SmartApi import SmartConnect
import kiteconnect
from kiteconnect import exceptions as kite_errors

SUMMARY = json.loads(sys.argv[1])
ANGEL, KITE = SUMMARY["angel_one"], SUMMARY["kite"]
ELSEWHERE = ["203.0.113.7"]


def control(path, body=None):
    """One call of the control port; GET without a body, else POST."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(SUMMARY["control_url"] + path, data) as reply:
        return json.load(reply)


def code(account):
    """What the account's authenticator shows at exchange time."""
    now = datetime.fromisoformat(control("/clock")["now"])
    return pyotp.TOTP(account["totp_secret"]).at(now)


def wrong_code(account):
    return "000000" if code(account) != "000000" else "111111"


def eventually(look):
    """Asks again until the sandbox's order has had its few hundred milliseconds."""
    for _ in range(100):
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("never came true")


def expect(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"{actual!r}, not {wanted!r}")


def refusal(error, call, *args, **kwargs):
    """The error that `call` must raise."""
    try:
        value = call(*args, **kwargs)
    except error as raised:
        return raised
    raise AssertionError(f"not refused: {value!r}")


# --- Angel One ---------------------------------------------------------------


def angel_client():
    SmartConnect._rootUrl = ANGEL["base_url"]
    return SmartConnect(api_key=ANGEL["accounts"][0]["api_key"], root=ANGEL["base_url"])


class Angel:
    account = ANGEL["accounts"][0]
    client = None
    session = None

    def order(self, tag):
        return {
            "variety": "NORMAL", "tradingsymbol": "SBIN-EQ", "symboltoken": "3045",
            "transactiontype": "BUY", "exchange": "NSE", "ordertype": "LIMIT",
            "producttype": "DELIVERY", "duration": "DAY", "price": "812.4", "squareoff": "0",
            "stoploss": "0", "quantity": "5", "ordertag": tag,
        }

    def wrong_totp_is_refused(self):
        answer = angel_client().generateSession(
            self.account["client_code"], self.account["pin"], wrong_code(self.account))
        expect((answer["status"], answer["errorcode"]), (False, "AB1050"))

    def login(self):
        self.client = angel_client()
        answer = self.client.generateSession(
            self.account["client_code"], self.account["pin"], code(self.account))
        expect(answer["status"], True)
        self.session = answer["data"]
        expect(self.session["jwtToken"].startswith("Bearer eyJ"), True)

    def profile(self):
        data = self.client.getProfile(self.session["refreshToken"])["data"]
        expect(data["clientcode"], self.account["client_code"])

    def funds(self):
        expect(self.client.rmsLimit()["data"]["net"], "1000000.0000")

    def empty_book_is_null(self):
        expect(self.client.orderBook()["data"], None)
        expect(self.client.holding()["data"], [])

    def price(self):
        expect(self.client.ltpData("NSE", "SBIN-EQ", "3045")["data"]["ltp"], 812.4)

    def instruments_are_listed(self):
        rows = requests.get(ANGEL["base_url"] + "/OpenAPI_File/files/OpenAPIScripMaster.json").json()
        found = [row["token"] for row in rows if row["symbol"] == "SBIN-EQ"]
        expect(found, [self.order("x")["symboltoken"]])

    def order_is_found_by_its_tag(self):
        placed = self.client.placeOrderFullResponse(self.order("sdkangel1"))
        expect(placed["status"], True)
        rows = [row for row in self.client.orderBook()["data"] if row["ordertag"] == "sdkangel1"]
        expect([row["orderid"] for row in rows], [placed["data"]["orderid"]])
        unique = placed["data"]["uniqueorderid"]

        def complete():
            row = self.client.individual_order_details(unique)["data"]
            return row["status"] == "complete" and row

        expect(eventually(complete)["filledshares"], "5")
        expect(len(self.client.tradeBook()["data"]), 1)
        expect(self.client.position()["data"][0]["netqty"], "5")

    def order_can_be_changed_and_cancelled(self):
        control("/rules", {"limit_fills": "never"})
        order_id = self.client.placeOrder(self.order("sdkangel2"))
        change = dict(self.order("sdkangel2"), orderid=order_id, price="800")
        expect(self.client.modifyOrder(change)["status"], True)
        expect(self.client.cancelOrder(order_id, "NORMAL")["data"]["orderid"], order_id)
        row = [row for row in self.client.orderBook()["data"] if row["orderid"] == order_id][0]
        expect((row["status"], row["price"]), ("cancelled", 800.0))
        control("/rules", {"limit_fills": "always"})

    def long_tag_is_refused(self):
        expect(self.client.placeOrderFullResponse(self.order("x" * 20))["errorcode"], "AB4008")

    def unregistered_address_is_refused(self):
        path = f"/accounts/{self.account['client_code']}/allowed-ips"
        control(path, ELSEWHERE)
        expect(self.client.placeOrderFullResponse(self.order("no"))["errorCode"], "AG7002")
        expect(self.client.cancelOrder("0", "NORMAL")["errorCode"], "AG7002")
        expect(self.client.rmsLimit()["status"], True)
        control(path, self.account["allowed_ips"])

    def doubled_bearer_is_an_invalid_token(self):
        client = angel_client()
        client.setAccessToken(self.session["jwtToken"])
        expect(client.rmsLimit()["errorCode"], "AG8001")

    def refresh_rotates_the_session(self):
        renewed = self.client.generateToken(self.session["refreshToken"])
        expect(renewed["status"], True)
        expect(self.client.rmsLimit()["status"], True)

    def logout_ends_the_session(self):
        expect(self.client.terminateSession(self.account["client_code"])["status"], True)
        expect(self.client.rmsLimit()["errorCode"], "AG8001")


# --- Zerodha -----------------------------------------------------------------


class Kite:
    account = KITE["accounts"][0]
    client = kiteconnect.KiteConnect(KITE["accounts"][0]["api_key"], root=KITE["base_url"])

    def request_token(self, state):
        """Fills in the login page as a browser would; the query of the redirect."""
        link = KITE["login_url"] + "?" + urllib.parse.urlencode({
            "v": 3, "api_key": self.account["api_key"], "redirect_params": f"state={state}"})
        expect(requests.get(link).status_code, 200)
        form = {
            "api_key": self.account["api_key"], "redirect_params": f"state={state}",
            "user_id": self.account["user_id"], "password": self.account["password"],
            "totp": code(self.account), "action": "login",
        }
        sent = requests.post(KITE["login_url"], form, allow_redirects=False)
        expect(sent.status_code, 302)
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(sent.headers["Location"]).query))
        expect((query["status"], query["state"]), ("success", state))
        return query["request_token"]

    def order(self, tag, **other):
        fields = dict(
            variety="regular", exchange="NSE", tradingsymbol="INFY", transaction_type="BUY",
            quantity=2, product="CNC", order_type="LIMIT", price=1523.1, tag=tag)
        return self.client.place_order(**{**fields, **other})

    def wrong_totp_is_refused(self):
        form = {
            "api_key": self.account["api_key"], "user_id": self.account["user_id"],
            "password": self.account["password"], "totp": wrong_code(self.account),
        }
        expect(requests.post(KITE["login_url"], form, allow_redirects=False).status_code, 403)

    def bad_checksum_is_refused(self):
        error = refusal(kite_errors.TokenException, self.client.generate_session,
                        self.request_token("a"), api_secret="wrong")
        expect((error.code, str(error)), (403, "Invalid `checksum`."))

    def login(self):
        token = self.request_token("b")
        session = self.client.generate_session(token, api_secret=self.account["api_secret"])
        expect(session["user_id"], self.account["user_id"])
        expect(type(session["login_time"]).__name__, "datetime")
        self.client.set_access_token(session["access_token"])
        again = kiteconnect.KiteConnect(self.account["api_key"], root=KITE["base_url"])
        error = refusal(kite_errors.TokenException, again.generate_session,
                        token, api_secret=self.account["api_secret"])
        expect(str(error), "Token is invalid or has expired.")

    def profile(self):
        expect(self.client.profile()["user_id"], self.account["user_id"])

    def funds(self):
        expect(self.client.margins()["equity"]["net"], 1000000.0)
        expect(self.client.margins("equity")["available"]["live_balance"], 1000000.0)

    def price(self):
        quote = self.client.ltp("NSE:INFY", "NSE:NOSUCH")
        expect(quote, {"NSE:INFY": {"instrument_token": 408065, "last_price": 1523.1}})

    def instruments_are_read(self):
        rows = {row["tradingsymbol"]: row for row in self.client.instruments("NSE")}
        expect((rows["INFY"]["instrument_token"], rows["INFY"]["tick_size"]), (408065, 0.1))
        futures = [row for row in self.client.instruments() if row["segment"] == "NFO-FUT"]
        expect({type(row["expiry"]).__name__ for row in futures}, {"date"})
        expect({row["instrument_type"] for row in futures}, {"FUT"})

    def order_is_found_by_its_tag(self):
        order_id = self.order("sdkkite1")
        expect((type(order_id).__name__, len(order_id)), ("str", 19))
        rows = [row for row in self.client.orders() if row["tag"] == "sdkkite1"]
        expect([row["order_id"] for row in rows], [order_id])
        history = eventually(lambda: [
            row for row in self.client.order_history(order_id) if row["status"] == "COMPLETE"])
        expect(history[0]["filled_quantity"], 2)
        expect(len(self.client.trades()), 1)
        expect(self.client.order_trades(order_id)[0]["average_price"], 1523.1)
        expect(self.client.positions()["net"][0]["quantity"], 2)
        expect(self.client.holdings(), [])

    def order_can_be_changed_and_cancelled(self):
        control("/rules", {"limit_fills": "never"})
        order_id = self.order("sdkkite2")
        expect(self.client.modify_order("regular", order_id, price=1500), order_id)
        expect(self.client.cancel_order("regular", order_id), order_id)
        last = self.client.order_history(order_id)[-1]
        expect((last["status"], last["price"]), ("CANCELLED", 1500))
        control("/rules", {"limit_fills": "always"})

    def market_order_needs_protection(self):
        error = refusal(kite_errors.InputException, self.order, "m", order_type="MARKET", price=None)
        expect("market protection" in str(error), True)
        order_id = self.order("m", order_type="MARKET", price=None, market_protection=-1)
        row = [row for row in self.client.orders() if row["order_id"] == order_id][0]
        expect((row["order_type"], "mktp" in row["tags"]), ("LIMIT", True))

    def too_little_money_is_a_margin_error(self):
        error = refusal(kite_errors.KiteException, self.order, "rich", quantity=100000)
        expect((error.code, "Insufficient funds." in str(error)), (400, True))

    def unregistered_address_is_refused(self):
        path = f"/accounts/{self.account['user_id']}/allowed-ips"
        control(path, ELSEWHERE)
        error = refusal(kite_errors.PermissionException, self.order, "no")
        text = "IP (127.0.0.1) is not allowed to place orders for this app."
        expect((error.code, str(error).startswith(text)), (403, True))
        control(path, [])
        error = refusal(kite_errors.PermissionException, self.client.cancel_order, "regular", "1")
        expect(str(error).startswith("No IPs configured for this app."), True)
        control(path, self.account["allowed_ips"])
        expect(bool(self.client.profile()), True)

    def logout_ends_the_session(self):
        expect(self.client.invalidate_access_token(), True)
        refusal(kite_errors.TokenException, self.client.profile)


def checks(broker):
    """The broker's checks in the order they are written."""
    skipped = {"order", "request_token"}
    names = [name for name, value in vars(type(broker)).items() if callable(value)]
    return [name for name in names if name not in skipped]


def main():
    passed = failed = 0
    for broker in (Angel(), Kite()):
        for name in checks(broker):
            title = f"{type(broker).__name__}: {name.replace('_', ' ')}"
            try:
                getattr(broker, name)()
            except Exception as error:  # every failure is one line, whatever the client raised
                failed += 1
                print(f"FAIL {title}: {type(error).__name__}: {error}")
            else:
                passed += 1
                print(f"ok   {title}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
