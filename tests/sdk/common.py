"""What the checks of both brokers share: the sandbox's control port, codes, and expectations."""

import json
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta

import pyotp

SUMMARY = json.loads(sys.argv[1])
ELSEWHERE = ["203.0.113.7"]


def control(path, body=None, method=None):
    """One call of the control port; GET without a body, else POST."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(SUMMARY["control_url"] + path, data, method=method)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


class rules:
    """Switches that hold inside a `with` and go back after it."""

    def __init__(self, **wanted):
        self.wanted = wanted

    def __enter__(self):
        before = control("/rules")
        self.before = {name: before[name] for name in self.wanted}
        control("/rules", self.wanted)

    def __exit__(self, *_):
        control("/rules", self.before)


class account_fields:
    """Fields of an account that hold inside a `with` and go back after it."""

    def __init__(self, account_id, before, **wanted):
        self.path = f"/accounts/{account_id}"
        self.before, self.wanted = before, wanted

    def __enter__(self):
        control(self.path, self.wanted, "PATCH")

    def __exit__(self, *_):
        control(self.path, self.before, "PATCH")


def another_second():
    """Moves the clock on, so that one check's calls do not count against the next one's."""
    now = datetime.fromisoformat(control("/clock")["now"])
    control("/clock", {"now": (now + timedelta(seconds=1)).isoformat()})


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


def expect_in(part, whole):
    if part not in whole:
        raise AssertionError(f"no {part!r} in {whole!r}")


def expect_keys(row, names):
    missing = set(names.split()) - set(row)
    if missing:
        raise AssertionError(f"no {sorted(missing)} in the row")


def refusal(error, call, *args, **kwargs):
    """The error that `call` must raise."""
    try:
        value = call(*args, **kwargs)
    except error as raised:
        return raised
    raise AssertionError(f"not refused: {value!r}")


def truth(tag):
    """The orders with that tag as the broker really has them."""
    return [order for order in control("/orders") if order["tag"] == tag]
