"""Opens a vault from docs/vault-format.md alone: what a stranger would write.

    open_vault.py vectors DOCUMENT
        Computes every known answer that the document lists.
    open_vault.py read EXPORT SECRETS EXPECTED
        Opens what `musterd export-sealed` wrote, with each secret of a JSON list, and
        compares what comes out with a JSON list of what has to.

Knows `cryptography` and `argon2-cffi`, and nothing of the product's code.
"""

import base64
import hashlib
import hmac
import json
import struct
import sys

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ROOT, SLOTS, SLOT = 26, 87, 124
PASSPHRASE, KEY_FILE, RECOVERY = 1, 2, 3
TABLE_USER_KEYS, TABLE_RECORDS = 1, 2


class Refused(Exception):
    """The secret is wrong, or the bytes are not what they were."""


def derive(salt, key, label):
    return HKDF(SHA256(), 32, salt, label.encode()).derive(key)


def argon2id(passphrase, salt, m, t, p):
    if not (65536 <= m <= 4194304 and 3 <= t <= 16 and 1 <= p <= 16):
        raise Refused("a cost out of bounds")
    return hash_secret_raw(passphrase, salt, t, m, p, 32, Type.ID, version=0x13)


def random_key(text):
    """The 32 bytes of a random key's text; None if it is no such text."""
    letters = "".join(text.split()).replace("-", "").upper()
    try:
        found = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError:
        return None
    key, check = found[:32], found[32:]
    return key if len(found) == 35 and hashlib.sha256(key).digest()[:3] == check else None


def opened(key, sealed, bound):
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], bound)
    except (InvalidTag, ValueError) as error:
        raise Refused("sealed bytes that do not open") from error


def root_bound(header):
    return b"root v1" + header[8:26]


def slot_bound(header, slot):
    return b"slot v1" + header[8:26] + slot[:64]


def bound(store, table, user, account=0, kind=0, generation=0):
    name = hashlib.sha256(user.encode()).digest()[:16]
    numbers = struct.pack(">IHQ", account, kind, generation)
    return b"v1" + store + struct.pack(">H", table) + name + numbers


def slots(header):
    count = header[86]
    if header[:8] != b"MUSTERV\0" or header[8:10] != b"\0\1" or not 1 <= count <= 8:
        raise Refused("no header of version 1")
    if len(header) != SLOTS + count * SLOT + 32:
        raise Refused("a header of another length")
    return [header[SLOTS + at * SLOT:][:SLOT] for at in range(count)]


def stretched(slot, secret):
    """None where the secret is of another form than the slot's."""
    kind, derivation, salt = slot[1], slot[2:4], slot[16:32]
    m, t, p = struct.unpack(">III", slot[4:16])
    random = random_key(secret)
    if kind == PASSPHRASE and derivation == b"\x01\x13":
        return None if random else argon2id(secret.encode(), salt, m, t, p)
    if kind in (KEY_FILE, RECOVERY) and derivation == b"\x02\x00" and (m, t, p) == (0, 0, 0):
        return derive(salt, random, "muster/v1/slot/random") if random else None
    raise Refused("a slot of a kind that is not known")


def header_mac(header, master):
    key = derive(header[10:26], master, "muster/v1/header")
    return hmac.digest(key, header[:-32], "sha256")


def master_key(header, secret):
    store = header[10:26]
    for slot in slots(header):
        key = stretched(slot, secret)
        if key is None:
            continue
        commitment = derive(store, key, "muster/v1/slot/commitment")
        if not hmac.compare_digest(commitment, slot[32:64]):
            continue
        slot_key = derive(store, key, "muster/v1/slot/key")
        master = opened(slot_key, slot[64:], slot_bound(header, slot))
        if not hmac.compare_digest(header_mac(header, master), header[-32:]):
            raise Refused("the header was changed")
        return master
    raise Refused("no slot opens")


def records(export, secret):
    """Everything in an export, opened: (user, account, kind, generation, plain text)."""
    header = base64.b64decode(export["header"])
    store, master = header[10:26], master_key(header, secret)
    wrap = derive(store, master, "muster/v1/wrap")
    keys = {}
    for row in export["user_keys"]:
        user = row["user"]
        keys[user] = opened(
            wrap, base64.b64decode(row["wrapped"]), bound(store, TABLE_USER_KEYS, user))
    for row in export["sealed"]:
        user, place = row["user"], (row["account"], row["kind"], row["generation"])
        plain = opened(
            keys[user], base64.b64decode(row["sealed"]),
            bound(store, TABLE_RECORDS, user, *place))
        yield user, *place, json.loads(plain)


# --- the known answers ------------------------------------------------------


def vectors(path):
    """The lines of the document's block of known answers, by name."""
    block = open(path, encoding="utf-8").read().split("```vectors\n")[1].split("```")[0]
    found = {}
    for line in block.replace("\n  ", "").splitlines():
        name, value = line.split(" = ", 1)
        is_text = value.startswith('"')
        found[name] = value.strip('"').encode() if is_text else bytes.fromhex(value)
    return found


def answers(v):
    """Each known answer's name, and what it comes to here."""
    store, header, master, root = v["store id"], v["header"], v["master key"], v["root"]
    cost = [int(number) for number in v["argon2id m t p"].split()]
    kinds = ("passphrase", "key file", "recovery key")
    for number, kind in enumerate(kinds):
        slot, secret, salt = slots(header)[number], v[kind], v[f"{kind} salt"]
        if kind == "passphrase":
            key = argon2id(secret, salt, *cost)
        else:
            yield f"{kind} bytes", random_key(secret.decode())
            key = derive(salt, v[f"{kind} bytes"], "muster/v1/slot/random")
        yield f"{kind} stretched", key
        slot_key = derive(store, key, "muster/v1/slot/key")
        yield f"{kind} slot key", slot_key
        yield f"{kind} commitment", derive(store, key, "muster/v1/slot/commitment")
        sealed = AESGCM(slot_key).encrypt(
            v[f"{kind} nonce"], master, slot_bound(header, slot))
        yield f"{kind} sealed master key", v[f"{kind} nonce"] + sealed
        if v[f"{kind} sealed master key"] != slot[64:]:
            raise Refused("the slot of the header is another one")
    for name in ("wrap", "header", "backup"):
        yield f"{name} key", derive(store, master, f"muster/v1/{name}")
    wrap = derive(store, master, "muster/v1/wrap")
    yield "sealed root", v["root nonce"] + AESGCM(wrap).encrypt(
        v["root nonce"], root, root_bound(header))
    for purpose in ("order tag", "login state"):
        yield f"purpose {purpose}", derive(store, root, f"muster/v1/purpose/{purpose}")
    yield "header MAC", header_mac(header, master)
    yield "header", header[:26] + v["sealed root"] + b"\3" + b"".join(slots(header)) + v["header MAC"]
    user, key = v["user"].decode(), v["user key"]
    yield "user key associated data", bound(store, TABLE_USER_KEYS, user)
    yield "wrapped user key", v["user key nonce"] + AESGCM(wrap).encrypt(
        v["user key nonce"], key, v["user key associated data"])
    yield "record associated data", bound(store, TABLE_RECORDS, user, 258, 1, 5)
    yield "sealed record", v["record nonce"] + AESGCM(key).encrypt(
        v["record nonce"], v["record"], v["record associated data"])
    yield "audit hash", hashlib.sha256(
        b"muster audit v1" + struct.pack(">Q", 1) + v["audit value"]).digest()
    yield "backup digest", backup_digest(v)
    yield "backup MAC", hmac.digest(v["backup key"], v["backup digest"], "sha256")


def backup_digest(v):
    digest = hashlib.sha256()
    for table, key, value in (
        (b"meta", b"format", struct.pack("<Q", 1)),
        (b"sealed", struct.pack("<IB", 258, 1),
         b"\1" + struct.pack(">Q", 5) + v["sealed record"]),
        (b"user_keys", v["user"], v["wrapped user key"]),
        (b"vault", b"audit head", struct.pack(">Q", 1) + v["audit hash"]),
        (b"vault", b"header", v["header"]),
        (b"audit", struct.pack("<Q", 1), v["audit value"]),
    ):
        for part in (table, key, value):
            digest.update(struct.pack(">Q", len(part)) + part)
    return digest.digest()


# --- the checks -------------------------------------------------------------


def check_vectors(path):
    known = vectors(path)
    for name, answer in answers(known):
        yield f"known answer: {name}", answer == known[name]
    for kind in ("passphrase", "key file", "recovery key"):
        yield f"the header opens with the {kind}", (
            master_key(known["header"], known[kind].decode()) == known["master key"])


def check_export(path, secrets, expected):
    export = json.load(open(path, encoding="utf-8"))
    expected = [tuple(row[:4]) + (row[4],) for row in json.load(open(expected, encoding="utf-8"))]
    for number, secret in enumerate(json.load(open(secrets, encoding="utf-8"))):
        found = sorted(records(export, secret), key=lambda row: row[:4])
        yield f"secret {number} opens {len(expected)} records", found == expected
    for wrong in ("CANARY wrong horse", "CANARY"):
        try:
            list(records(export, wrong))
        except Refused:
            yield "a wrong passphrase opens nothing", True
        else:
            yield "a wrong passphrase opens nothing", False
    header = bytearray(base64.b64decode(export["header"]))
    secret = json.load(open(secrets, encoding="utf-8"))[-1]
    for at in range(0, len(header), 7):
        header[at] ^= 4
        changed = dict(export, header=base64.b64encode(bytes(header)).decode())
        header[at] ^= 4
        try:
            list(records(changed, secret))
        except Refused:
            continue
        yield f"byte {at} of the header counts", False
    yield "a changed header opens nothing", True
    first = export["sealed"][0]
    for field, value in (("generation", first["generation"] + 1), ("kind", 3 - first["kind"]),
                         ("account", first["account"] + 1)):
        moved = [dict(first, **{field: value})] + export["sealed"][1:]
        try:
            list(records(dict(export, sealed=moved), secret))
        except Refused:
            yield f"a record under another {field} does not open", True
        else:
            yield f"a record under another {field} does not open", False


def main(arguments):
    commands = {"vectors": check_vectors, "read": check_export}
    passed = failed = 0
    for title, good in commands[arguments[0]](*arguments[1:]):
        passed, failed = passed + good, failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'} the vault's format: {title}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
