"""The only randomness and the only hashing.

A link's secret is made, not stored: an HMAC over what the link is for, under a key outside the tables.
Whoever reads every table and queue can therefore make no link, and a mail job that is delivered twice
makes the same link twice.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from latchkey.rules.mail import LINK_MAILS, LinkMailKind
from latchkey.rules.pins import Pin
from latchkey.rules.refusals import LinkUnknown, PinRefused

type LinkKind = LinkMailKind

LINK_KINDS: tuple[LinkKind, ...] = LINK_MAILS

LINK_VERSION = b"\x01"
ACCOUNT_BYTES = 16
ID_BYTES = 16
SECRET_BYTES = 32
SIGNATURE_BYTES = 16
SALT_BYTES = 16
PIN_ROUNDS = 210_000
"""OWASP Password Storage Cheat Sheet, for PBKDF2-HMAC-SHA512."""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by id; new things are made under the current one, old ones are recognised under any."""

    current: str
    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, document: dict[str, str]) -> Self:
        """Read `{"current": "2", "1": "...", "2": "..."}`.

        :raises ValueError: the current key is missing, or a key is shorter than 32 characters.
        """
        keys = {name: key.encode() for name, key in document.items() if name != "current"}
        current = document.get("current", "")
        if current not in keys or min(map(len, keys.values())) < SECRET_BYTES:
            raise ValueError("a key ring needs a current key, and keys of 32 characters or more")
        return cls(current, keys)

    def newest_first(self) -> Iterator[bytes]:
        """Every key, the current one first."""
        yield self.keys[self.current]
        yield from (key for name, key in self.keys.items() if name != self.current)


@dataclass(frozen=True, slots=True)
class LinkToken:
    """What a link says: whose it is, which request it answers, and the secret that proves it."""

    practice: str
    kind: LinkKind
    account_key: bytes = field(repr=False)
    job_id: bytes = field(repr=False)
    secret: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """What is stored of it: SHA-256 over practice, account and secret."""
        return _digest(b"link", self.practice.encode(), self.account_key, self.secret)

    def text(self) -> str:
        """As it stands in the URL: 87 characters of base64url."""
        return base64url_encode(LINK_VERSION + self.account_key + self.job_id + self.secret)


def account_key(ring: Keyring, practice: str, address: str) -> bytes:
    """Where an address's account at a practice is kept: 16 bytes that tell neither.

    `address` is canonical (`rules.addresses.canonical`).
    """
    return _mac(ring.keys[ring.current], b"account", practice.encode(), address.encode())[:ACCOUNT_BYTES]


def opaque_key(ring: Keyring, *who: str | bytes) -> str:
    """Where a budget is counted; no address of any kind is readable in it."""
    parts = (part.encode() if isinstance(part, str) else part for part in who)
    return base64url_encode(_mac(ring.keys[ring.current], b"bucket", *parts)[:ACCOUNT_BYTES])


def random_id() -> bytes:
    """128 random bits that name one request for a link."""
    return secrets.token_bytes(ID_BYTES)


def link_candidates(
    ring: Keyring, practice: str, kind: LinkKind, account: bytes, request: bytes
) -> Iterator[LinkToken]:
    """The link that answers a request, under each key of the ring, the current one first."""
    for key in ring.newest_first():
        secret = _mac(key, b"link", practice.encode(), account, kind.encode(), request)
        yield LinkToken(practice, kind, account, request, secret)


def verify_link(ring: Keyring, practice: str, text: str) -> LinkToken:
    """The link that a URL carries.

    :raises LinkUnknown: it is not one that we made for this practice, to the last bit.
    """
    raw = base64url_decode(text)
    if raw is None or len(raw) != 1 + ACCOUNT_BYTES + ID_BYTES + SECRET_BYTES or raw[:1] != LINK_VERSION:
        raise LinkUnknown
    account, request, secret = raw[1:17], raw[17:33], raw[33:]
    for kind in LINK_KINDS:
        for link in link_candidates(ring, practice, kind, account, request):
            if hmac.compare_digest(link.secret, secret):
                return link
    raise LinkUnknown


def new_session_cookie(account: bytes) -> str:
    """A new session's cookie value: the account's key and 256 random bits."""
    return base64url_encode(account + secrets.token_bytes(SECRET_BYTES))


def account_key_in_cookie(cookie: str) -> bytes | None:
    """The account's key in a session's cookie value, or None if that has another shape."""
    raw = base64url_decode(cookie)
    return raw[:ACCOUNT_BYTES] if raw and len(raw) == ACCOUNT_BYTES + SECRET_BYTES else None


def session_digest(practice: str, cookie: str) -> str:
    """What is stored of a session's cookie value."""
    return _digest(b"session", practice.encode(), cookie.encode())


def random_pin() -> str:
    """Six random digits, each of the million as likely as any other."""
    return f"{secrets.randbelow(10**6):06d}"


def random_salt() -> bytes:
    """16 random bytes for one PIN."""
    return secrets.token_bytes(SALT_BYTES)


def hash_pin(ring: Keyring, key: str, salt: bytes, account: bytes, pin: str) -> bytes | None:
    """What is stored of a PIN; None if the ring has no such key any more.

    A million candidates are tried in a second with any plain hash. So it is stretched by PBKDF2 (210,000 rounds of
    HMAC-SHA512, OWASP's figure), and without the pepper outside the table no candidate can be tried at all.
    `account` stands for practice and address.
    """
    pepper = ring.keys.get(key, b"")
    stretched = hashlib.pbkdf2_hmac("sha512", pin.encode(), salt, PIN_ROUNDS)
    return _mac(pepper, b"pin", account, salt, stretched) if pepper else None


def verify_pin(ring: Keyring, pin: Pin | None, account_key: bytes, digits: str) -> None:
    """Raise unless `digits` are the PIN of this account. With None it does the same work, and raises.

    :raises PinRefused: they are not, or the pepper of the PIN is gone.
    """
    pepper_id, salt = (pin.pepper_id, pin.salt) if pin else (ring.current, random_salt())
    hashed = hash_pin(ring, pepper_id, salt, account_key, digits)
    if pin is None or hashed is None or not hmac.compare_digest(hashed, pin.hash):
        raise PinRefused


def sign(ring: Keyring, purpose: str, practice: str, payload: bytes) -> str:
    """Something a browser keeps for us: readable there, but not to be changed."""
    mac = _mac(ring.keys[ring.current], purpose.encode(), practice.encode(), payload)
    return base64url_encode(mac[:SIGNATURE_BYTES] + payload)


def unsign(ring: Keyring, purpose: str, practice: str, text: str) -> bytes | None:
    """The payload that was sealed for this purpose and practice, else None."""
    raw = base64url_decode(text)
    if raw is None or len(raw) < SIGNATURE_BYTES:
        return None
    mac, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    for key in ring.newest_first():
        if hmac.compare_digest(_mac(key, purpose.encode(), practice.encode(), payload)[:SIGNATURE_BYTES], mac):
            return payload
    return None


def constant_time_equal(one: bytes, other: bytes) -> bool:
    """Equality that takes the same time wherever the two differ."""
    return hmac.compare_digest(one, other)


def new_ulid(now_ms: int) -> str:
    """A new ULID for `instant` (Unix milliseconds)."""
    number = (now_ms << 80) | secrets.randbits(80)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def jitter(most: int) -> int:
    """A random number of seconds from 1 to `most`."""
    return 1 + secrets.randbelow(most)


def base64url_encode(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def base64url_decode(text: str) -> bytes | None:
    """What `encode` gave; None for anything that `encode` would not write."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return raw if base64url_encode(raw) == text else None


def digest(purpose: str, text: str) -> str:
    """SHA-256 of something random that must not be kept as it is."""
    return _digest(purpose.encode(), text.encode())


def sha256_hex(text: str) -> str:
    """The digest as `sha256sum` prints it, of something random that operators keep elsewhere."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def derive(ring: Keyring, purpose: str, text: str) -> str:
    """Something that only we can make from `text`, and can make again under the same key: 43 characters."""
    return base64url_encode(_mac(ring.keys[ring.current], purpose.encode(), text.encode()))


def _mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, _length_prefixed(parts), "sha256")


def _digest(*parts: bytes) -> str:
    return base64url_encode(hashlib.sha256(_length_prefixed(parts)).digest())


def _length_prefixed(parts: tuple[bytes, ...]) -> bytes:
    """Parts with their lengths, so that no two lists of parts read alike."""
    return b"".join(len(part).to_bytes(4) + part for part in parts)
