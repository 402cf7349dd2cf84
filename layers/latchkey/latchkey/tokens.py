"""Random values, and the hashes and HMACs of secrets, ids and stored keys.

A link's secret is computed, not stored: an HMAC over the link's fields, with a key outside the tables. A reader of all
tables and queues can therefore make no link. A mail job that is delivered twice makes the same link twice.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from latchkey.rules import support_codes
from latchkey.rules.accounts import AccountKey
from latchkey.rules.addresses import CanonicalAddress
from latchkey.rules.mail import LINK_MAILS, LinkMailKind
from latchkey.rules.pins import Pin
from latchkey.rules.refusals import LinkUnknown, PinRefused

type LinkKind = LinkMailKind
"""The kind of mail that has the link."""

LINK_KINDS: tuple[LinkKind, ...] = LINK_MAILS

LINK_VERSION = b"\x01"
ACCOUNT_BYTES = 16
ID_BYTES = 16
SECRET_BYTES = 32
SIGNATURE_BYTES = 16
SALT_BYTES = 16
PIN_ROUNDS = 210_000
"""Iterations of PBKDF2-HMAC-SHA512, as in the OWASP Password Storage Cheat Sheet."""

WEBHOOK_PREFIX = "whsec_"
"""Start of a webhook's secret (Standard Webhooks)."""
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's Base32 alphabet, which ULIDs use."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys of one purpose, by id. New values are made with the current key. Old values are accepted with any key."""

    current: str
    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, document: dict[str, str]) -> Self:
        """Return the keyring of a document such as `{"current": "2", "1": "...", "2": "..."}`.

        :raises ValueError: the current key is missing, or a key is shorter than 32 characters.
        """
        keys = {name: key.encode() for name, key in document.items() if name != "current"}
        current = document.get("current", "")
        if current not in keys or min(map(len, keys.values())) < SECRET_BYTES:
            raise ValueError("a keyring needs a current key, and keys of 32 characters or more")
        return cls(current, keys)

    def newest_first(self) -> Iterator[bytes]:
        """Yield every key, the current one first."""
        yield self.keys[self.current]
        yield from (key for name, key in self.keys.items() if name != self.current)


@dataclass(frozen=True, slots=True)
class LinkToken:
    """The fields of a link: practice, kind, account, mail job and secret."""

    practice: str
    kind: LinkKind
    account_key: AccountKey = field(repr=False)
    job_id: bytes = field(repr=False)
    secret: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """The stored digest: SHA-256 over practice, account key and secret."""
        return _digest(b"link", self.practice.encode(), self.account_key, self.secret)

    def text(self) -> str:
        """Return the token as in the URL: 87 characters of base64url."""
        return base64url_encode(LINK_VERSION + self.account_key + self.job_id + self.secret)

    @property
    def support_code(self) -> str:
        """The support code of the letter that holds the link (B145)."""
        return support_code_of_letter(self.job_id)


def account_key(ring: Keyring, practice: str, address: CanonicalAddress) -> AccountKey:
    """Return the key of an address's account at a practice: 16 bytes that reveal neither address nor practice."""
    mac = _mac(ring.keys[ring.current], b"account", practice.encode(), address.encode())
    return AccountKey(mac[:ACCOUNT_BYTES])


def opaque_key(ring: Keyring, *parts: str | bytes) -> str:
    """Return a keyed digest of the parts, by which an item is stored. The parts are not readable in it."""
    encoded = (part.encode() if isinstance(part, str) else part for part in parts)
    return base64url_encode(_mac(ring.keys[ring.current], b"bucket", *encoded)[:ACCOUNT_BYTES])


def random_id() -> bytes:
    """Return 128 random bits, as an id."""
    return secrets.token_bytes(ID_BYTES)


def new_id() -> str:
    """Return a random id of 128 bits as text. Ids do not sort by time."""
    return base64url_encode(random_id())


def link_candidates(
    ring: Keyring, practice: str, kind: LinkKind, account_key: AccountKey, job_id: bytes
) -> Iterator[LinkToken]:
    """Yield the link of a mail job, made with each key of the ring, the current one first."""
    for key in ring.newest_first():
        secret = _mac(key, b"link", practice.encode(), account_key, kind.encode(), job_id)
        yield LinkToken(practice, kind, account_key, job_id, secret)


def verify_link(ring: Keyring, practice: str, text: str) -> LinkToken:
    """Return the link in a URL.

    :raises LinkUnknown: the text is not exactly a link that this service made for this practice.
    """
    raw = base64url_decode(text)
    if raw is None or len(raw) != 1 + ACCOUNT_BYTES + ID_BYTES + SECRET_BYTES or raw[:1] != LINK_VERSION:
        raise LinkUnknown
    account_key, job_id, secret = AccountKey(raw[1:17]), raw[17:33], raw[33:]
    for kind in LINK_KINDS:
        for link in link_candidates(ring, practice, kind, account_key, job_id):
            if hmac.compare_digest(link.secret, secret):
                return link
    raise LinkUnknown


def new_webhook_secret() -> str:
    """Return 256 random bits as the secret of a webhook, in the form of Standard Webhooks."""
    return WEBHOOK_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def webhook_signature(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """Return the signature of a webhook's event (Standard Webhooks). `timestamp` is Unix seconds."""
    key = base64.b64decode(secret.removeprefix(WEBHOOK_PREFIX))
    mac = hmac.digest(key, f"{message_id}.{timestamp}.{body}".encode(), "sha256")
    return f"v1,{base64.b64encode(mac).decode()}"


def random_secret() -> str:
    """Return 256 random bits in 43 characters of base64url."""
    return base64url_encode(secrets.token_bytes(SECRET_BYTES))


def new_session_cookie(account_key: AccountKey) -> str:
    """Return the cookie value of a new session: the account's key and 256 random bits."""
    return base64url_encode(account_key + secrets.token_bytes(SECRET_BYTES))


def account_key_in_cookie(cookie: str) -> AccountKey | None:
    """Return the account's key in the cookie value of a session, or None if the value has another shape."""
    raw = base64url_decode(cookie)
    return AccountKey(raw[:ACCOUNT_BYTES]) if raw and len(raw) == ACCOUNT_BYTES + SECRET_BYTES else None


def session_digest(practice: str, cookie: str) -> str:
    """Return the stored digest of a session's cookie value."""
    return _digest(b"session", practice.encode(), cookie.encode())


def app_session_digest(practice: str, token: str) -> str:
    """Return the stored digest of an app's session token. It differs from that of a cookie with the same value."""
    return _digest(b"app session", practice.encode(), token.encode())


def new_family() -> bytes:
    """Return 128 random bits that all refresh tokens of one device share."""
    return secrets.token_bytes(ID_BYTES)


def new_refresh_token(account_key: AccountKey, family: bytes) -> str:
    """Return a refresh token: the account's key, the family and 256 random bits."""
    return base64url_encode(account_key + family + secrets.token_bytes(SECRET_BYTES))


def parse_refresh_token(text: str) -> tuple[AccountKey, bytes] | None:
    """Return the account's key and the family in a refresh token, or None if it has another shape."""
    raw = base64url_decode(text)
    if raw is None or len(raw) != ACCOUNT_BYTES + ID_BYTES + SECRET_BYTES:
        return None
    return AccountKey(raw[:ACCOUNT_BYTES]), raw[ACCOUNT_BYTES : ACCOUNT_BYTES + ID_BYTES]


def family_digest(practice: str, family: bytes) -> str:
    """Return the stored digest of a family of refresh tokens."""
    return _digest(b"refresh family", practice.encode(), family)


def refresh_digest(practice: str, token: str) -> str:
    """Return the stored digest of a refresh token."""
    return _digest(b"refresh token", practice.encode(), token.encode())


def s256(verifier: str) -> str:
    """Return the PKCE challenge of a verifier (RFC 7636, 4.2)."""
    return base64url_encode(hashlib.sha256(verifier.encode("ascii")).digest())


def app_request_digest(practice: str, challenge: str) -> str:
    """Return the key by which an app's request for a sign-in is stored."""
    return _digest(b"app request", practice.encode(), challenge.encode())


def app_code_digest(code: str) -> str:
    """Return the stored digest of an app code."""
    return _digest(b"app code", code.encode())


def typed_code(code: str) -> str:
    """Return the six characters that a person types in place of an app code: 30 of its bits, in Crockford's Base32."""
    number = int.from_bytes(hashlib.sha256(b"typed app code" + code.encode()).digest()[:4])
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(25, -1, -5))


def session_name(session_digest: str) -> str:
    """Return 16 hexadecimal digits by which other services name a session in their own records."""
    return sha256_hex(session_digest)[:16]


def new_staff_cookie(subject: str) -> str:
    """Return the cookie value of a new session in the console: 256 random bits and the `sub` of the tokens."""
    return base64url_encode(secrets.token_bytes(SECRET_BYTES) + subject.encode())


def subject_in_cookie(cookie: str) -> str | None:
    """Return the `sub` in the cookie value of a session in the console, or None if the value has another shape."""
    raw = base64url_decode(cookie)
    try:
        return raw[SECRET_BYTES:].decode("ascii") or None if raw and len(raw) > SECRET_BYTES else None
    except UnicodeDecodeError:
        return None


def form_token(cookie: str, place: str, form_id: str) -> str:
    """Return the token of a form in the console: its id, and a MAC of path and id with the session's cookie as key."""
    return f"{form_id}.{base64url_encode(_mac(cookie.encode(), b'form', place.encode(), form_id.encode()))}"


def form_id_of(cookie: str, place: str, token: str) -> str | None:
    """Return the id of a form that this session was shown at this place, else None."""
    form_id = token.partition(".")[0]
    expected = form_token(cookie, place, form_id)
    return form_id if form_id and constant_time_equal(expected.encode(), token.encode(errors="replace")) else None


def random_pin() -> str:
    """Return six random digits. All million PINs are equally likely."""
    return f"{secrets.randbelow(10**6):06d}"


def random_salt() -> bytes:
    """Return 16 random bytes, as the salt of one PIN."""
    return secrets.token_bytes(SALT_BYTES)


def hash_pin(ring: Keyring, pepper_id: str, salt: bytes, account_key: AccountKey, pin: str) -> bytes | None:
    """Return the stored hash of a PIN, or None if the ring no longer has the pepper.

    A plain hash of a PIN is reversed within a second, because there are only a million PINs. PBKDF2 makes each try slow
    (210,000 iterations of HMAC-SHA512, OWASP's figure). Without the pepper, which is outside the table, no try is
    possible. The account key binds the hash to practice and address.
    """
    pepper = ring.keys.get(pepper_id, b"")
    stretched = hashlib.pbkdf2_hmac("sha512", pin.encode(), salt, PIN_ROUNDS)
    return _mac(pepper, b"pin", account_key, salt, stretched) if pepper else None


def verify_pin(ring: Keyring, pin: Pin | None, account_key: AccountKey, digits: str) -> None:
    """Raise unless `digits` are the PIN of this account.

    Without a PIN the function does the same work, so that response times do not differ.

    :raises PinRefused: the digits differ, there is no PIN, or the ring no longer has the PIN's pepper.
    """
    pepper_id, salt = (pin.pepper_id, pin.salt) if pin else (ring.current, random_salt())
    hashed = hash_pin(ring, pepper_id, salt, account_key, digits)
    if pin is None or hashed is None or not hmac.compare_digest(hashed, pin.hash):
        raise PinRefused


def sign(ring: Keyring, purpose: str, practice: str, payload: bytes) -> str:
    """Return a signed text for a browser to store. The browser can read the payload, but not change it."""
    mac = _mac(ring.keys[ring.current], purpose.encode(), practice.encode(), payload)
    return base64url_encode(mac[:SIGNATURE_BYTES] + payload)


def unsign(ring: Keyring, purpose: str, practice: str, text: str) -> bytes | None:
    """Return the payload of a text that was signed for this purpose and practice, else None."""
    raw = base64url_decode(text)
    if raw is None or len(raw) < SIGNATURE_BYTES:
        return None
    mac, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    for key in ring.newest_first():
        if hmac.compare_digest(_mac(key, purpose.encode(), practice.encode(), payload)[:SIGNATURE_BYTES], mac):
            return payload
    return None


def constant_time_equal(first: bytes, second: bytes) -> bool:
    """Return True if the two are equal. The time does not depend on the position of a difference."""
    return hmac.compare_digest(first, second)


def new_ulid(now_ms: int) -> str:
    """Return a new ULID for `now_ms` (Unix milliseconds)."""
    return _ulid((now_ms << 80) | secrets.randbits(80))


def first_ulid(at_ms: int) -> str:
    """Return the ULID that comes before all others of `at_ms` (Unix milliseconds)."""
    return _ulid(at_ms << 80)


def _ulid(number: int) -> str:
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def jitter(maximum: int) -> int:
    """Return a random number from 1 to `maximum`."""
    return 1 + secrets.randbelow(maximum)


def base64url_encode(raw: bytes) -> str:
    """Return the bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def base64url_decode(text: str) -> bytes | None:
    """Return the bytes of a base64url text, or None for a text that `base64url_encode` would not write."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return raw if base64url_encode(raw) == text else None


def digest(purpose: str, text: str) -> str:
    """Return the SHA-256 digest, as base64url, of a random value that must not be stored itself."""
    return _digest(purpose.encode(), text.encode())


def sha256_hex(text: str) -> str:
    """Return the SHA-256 digest in hex, as `sha256sum` prints it, of a random value that operators store elsewhere."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def content_digest(content: bytes) -> str:
    """Return 16 hex digits that name public content, for URLs that may be cached for ever."""
    return hashlib.sha256(content).hexdigest()[:16]


def support_code(request_id: str) -> str:
    """Return the support code of a request. Any function that knows the request's id computes the same one."""
    hashed = hashlib.sha256(request_id.encode(errors="replace")).digest()
    return support_codes.code_of(int.from_bytes(hashed) % support_codes.COUNT)


def support_code_of_letter(job_id: bytes) -> str:
    """Return the support code of a mail job. The audit event of its letter has it, and the page of its dead link."""
    return support_code(job_id.hex())


def derive(ring: Keyring, purpose: str, text: str) -> str:
    """Return 43 characters, computed from `text` with the current key. Only an owner of the key can compute them."""
    return base64url_encode(_mac(ring.keys[ring.current], purpose.encode(), text.encode()))


def _mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, _length_prefixed(parts), "sha256")


def _digest(*parts: bytes) -> str:
    return base64url_encode(hashlib.sha256(_length_prefixed(parts)).digest())


def _length_prefixed(parts: tuple[bytes, ...]) -> bytes:
    """Return the parts, each after its length, so that different lists never give the same bytes."""
    return b"".join(len(part).to_bytes(4) + part for part in parts)
