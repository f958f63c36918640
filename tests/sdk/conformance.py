"""The brokers' official Python clients against the sandbox.

Given the sandbox's summary line as its argument. Each check says what a person
trading with that client would see; the clients themselves are not changed, only
pointed at the sandbox by the switches they offer.
"""

import sys

from angel_one import Angel
from common import another_second
from zerodha import Kite


def checks(broker):
    """The broker's checks in the order they are written; what begins with _ is a helper."""
    names = [name for name, value in vars(type(broker)).items() if callable(value)]
    return [name for name in names if not name.startswith("_")]


def main():
    passed = failed = 0
    for broker in (Angel(), Kite()):
        for name in checks(broker):
            another_second()
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
