"""Tests of tokens: random secrets, digests that cannot be reversed, and exact verification."""

import base64
import hashlib
import random
import string
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from latchkey import tokens
from latchkey.rules.accounts import AccountKey
from latchkey.rules.addresses import CanonicalAddress
from latchkey.rules.pins import Pin
from latchkey.rules.refusals import LinkUnknown, PinRefused
from latchkey.tokens import Keyring, LinkToken
from tests.kit.clock import NOON

OLD = Keyring("1", {"1": b"a" * 64})
ROTATED = Keyring("2", {"1": b"a" * 64, "2": b"b" * 64})
WITHOUT_OLD = Keyring("2", {"2": b"b" * 64})
ACCOUNT, OTHER_ACCOUNT = AccountKey(bytes(range(16))), AccountKey(bytes(range(1, 17)))
ANA = CanonicalAddress("ana@example.com")
REQUEST = bytes(range(100, 116))
BASE64URL = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def link(**changes: object) -> LinkToken:
    """Return a link for Ana's request."""
    facts = {"ring": OLD, "practice": "willow", "kind": "sign_in", "account_key": ACCOUNT, "job_id": REQUEST} | changes
    return next(tokens.link_candidates(**facts))  # type: ignore[arg-type]


TOKEN = link().text()


def test_ten_thousand_links_are_unlike_and_alike_in_length() -> None:
    made = [link(job_id=tokens.random_id()) for _ in range(10_000)]

    assert len({token.text() for token in made}) == len({token.secret for token in made}) == 10_000
    assert {len(token.text()) for token in made} == {87}


def test_every_byte_value_is_as_likely_as_any_other_in_a_secret() -> None:
    """A chi-square test of 320,000 bytes with 255 degrees of freedom. A right generator exceeds 400 once in a hundred
    million runs.
    """
    counted = Counter(b"".join(link(job_id=tokens.random_id()).secret for _ in range(10_000)))
    expected = 320_000 / 256

    assert sum((counted[value] - expected) ** 2 / expected for value in range(256)) < 400


def test_seeding_the_random_module_does_not_repeat_anything() -> None:
    made = []
    for _ in range(2):
        random.seed(1)
        made += [tokens.random_id(), tokens.new_session_cookie(ACCOUNT).encode(), tokens.new_ulid(NOON * 1000).encode()]

    assert len(set(made)) == 6


def test_the_same_request_makes_the_same_link_and_no_clock_is_in_it() -> None:
    assert link() == link()
    assert link().text() == TOKEN


@pytest.mark.parametrize(
    "changes",
    [
        {"practice": "harbor"},
        {"kind": "invitation"},
        {"account_key": OTHER_ACCOUNT},
        {"job_id": bytes(16)},
        {"ring": WITHOUT_OLD},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_nothing_of_what_a_link_is_for_can_change_without_its_secret(changes: dict[str, object]) -> None:
    assert link(**changes).secret != link().secret


def test_a_link_is_read_back_as_it_was_made() -> None:
    for kind in tokens.LINK_KINDS:
        made = link(kind=kind)
        assert tokens.verify_link(OLD, "willow", made.text()) == made


def test_a_link_of_one_practice_opens_nothing_at_another() -> None:
    """B7"""
    with pytest.raises(LinkUnknown):
        tokens.verify_link(OLD, "harbor", TOKEN)


def flipped(place: int) -> str:
    """Return the token with the case of one letter changed. Digits stay."""
    return TOKEN[:place] + TOKEN[place].swapcase() + TOKEN[place + 1 :]


def shifted(bits: int) -> str:
    """Return the token with other unused bits in its last letter."""
    last = BASE64URL.index(TOKEN[-1])
    return TOKEN[:-1] + BASE64URL[last ^ bits]


RAW = base64.urlsafe_b64decode(TOKEN + "=")

MALFORMED = {
    "padded": TOKEN + "=",
    "padded twice": TOKEN + "==",
    "padding in it": TOKEN[:40] + "=" + TOKEN[40:],
    "line feed after it": TOKEN + "\n",
    "carriage return after it": TOKEN + "\r",
    "blank before it": " " + TOKEN,
    "blank in it": TOKEN[:40] + " " + TOKEN[40:],
    "null after it": TOKEN + "\x00",
    "full-width": "".join(chr(ord(letter) + 0xFEE0) for letter in TOKEN),
    "one full-width letter": chr(ord(TOKEN[0]) + 0xFEE0) + TOKEN[1:],
    "Kelvin sign": TOKEN.replace("K", "\u212a") if "K" in TOKEN else "\u212a" + TOKEN[1:],
    "soft hyphen in it": TOKEN[:40] + "\u00ad" + TOKEN[40:],
    "half a character": TOKEN[:-1] + "\ud800",
    "percent-encoded": quote(quote(TOKEN[:1] + "%" + TOKEN[1:])),
    "standard alphabet": TOKEN.replace("-", "+").replace("_", "/") + ("" if {"-", "_"} & set(TOKEN) else "+"),
    "unused bits": shifted(1),
    "more unused bits": shifted(2),
    "shortened": TOKEN[:-1],
    "lengthened": TOKEN + "A",
    "a byte more": base64.urlsafe_b64encode(RAW + b"\0").decode().rstrip("="),
    "a byte less": base64.urlsafe_b64encode(RAW[:-1]).decode().rstrip("="),
    "hexadecimal": RAW.hex(),
    "another version": base64.urlsafe_b64encode(b"\x02" + RAW[1:]).decode().rstrip("="),
    "version zero": base64.urlsafe_b64encode(b"\x00" + RAW[1:]).decode().rstrip("="),
    "twice": TOKEN * 2,
    "ten million letters": TOKEN + "A" * 10_000_000,
    "nothing": "",
    "a dot": ".",
    "a path": "../" + TOKEN,
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_link_written_in_any_other_way_is_not_valid(text: str) -> None:
    assert text != TOKEN
    with pytest.raises(LinkUnknown):
        tokens.verify_link(OLD, "willow", text)


@pytest.mark.parametrize("place", [place for place, letter in enumerate(TOKEN) if letter.isalpha()])
def test_a_link_with_one_letter_in_the_wrong_case_is_not_valid(place: int) -> None:
    with pytest.raises(LinkUnknown):
        tokens.verify_link(OLD, "willow", flipped(place))


def test_a_link_with_any_one_bit_changed_is_not_valid() -> None:
    for bit in range(len(RAW) * 8):
        forged = bytearray(RAW)
        forged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LinkUnknown):
            tokens.verify_link(OLD, "willow", tokens.base64url_encode(bytes(forged)))


@given(st.one_of(st.text(), st.text(BASE64URL, min_size=85, max_size=89), st.binary().map(tokens.base64url_encode)))
@example("\udcff")
def test_any_other_text_in_a_url_is_no_link(text: str) -> None:
    with pytest.raises(LinkUnknown):
        tokens.verify_link(OLD, "willow", text)


@given(st.binary())
def test_bytes_come_back_as_they_were_written(raw: bytes) -> None:
    assert tokens.base64url_decode(tokens.base64url_encode(raw)) == raw


@given(st.text(BASE64URL + "=+/ \n"))
def test_only_one_text_stands_for_some_bytes(text: str) -> None:
    raw = tokens.base64url_decode(text)

    assert raw is None or tokens.base64url_encode(raw) == text


def test_what_is_stored_of_a_link_is_a_digest_that_its_practice_and_account_are_part_of() -> None:
    token = link()
    others = (
        replace(token, practice="harbor"),
        replace(token, account_key=OTHER_ACCOUNT),
        replace(token, secret=bytes(32)),
    )

    assert len({token.digest, *(other.digest for other in others)}) == 4
    assert tokens.base64url_decode(token.digest) != hashlib.sha256(token.secret).digest()


def test_a_link_keeps_its_secret_out_of_its_digest_and_of_what_a_program_prints() -> None:
    token = link()

    for secret in (token.secret.hex(), tokens.base64url_encode(token.secret), token.text(), repr(token.secret)):
        assert secret not in token.digest
        assert secret not in repr(token)


def test_parts_cannot_move_from_one_to_the_next() -> None:
    """`ab` + `c` and `a` + `bc` are different values."""
    assert tokens.account_key(OLD, "willow", ANA) != tokens.account_key(
        OLD, "willo", CanonicalAddress("wana@example.com")
    )
    assert tokens.opaque_key(OLD, "source", "1") != tokens.opaque_key(OLD, "sourc", "e1")
    assert tokens.session_digest("willow", "cookie") != tokens.session_digest("willo", "wcookie")


def test_the_place_of_an_account_tells_neither_address_nor_practice() -> None:
    """B90: one address may be on file at two practices."""
    key = tokens.account_key(OLD, "willow", ANA)

    assert len(key) == 16
    assert key == tokens.account_key(OLD, "willow", ANA)
    assert key != tokens.account_key(OLD, "harbor", ANA)
    assert key != tokens.account_key(WITHOUT_OLD, "willow", ANA)
    assert key.hex() not in hashlib.sha256(b"ana@example.com").hexdigest()


def test_an_account_and_a_rate_limit_of_the_same_name_have_different_places() -> None:
    assert tokens.base64url_encode(tokens.account_key(OLD, "a", CanonicalAddress("b"))) != tokens.opaque_key(
        OLD, "a", "b"
    )


def test_after_a_rotation_old_links_open_and_new_ones_have_the_new_key() -> None:
    made = list(tokens.link_candidates(ROTATED, "willow", "sign_in", ACCOUNT, REQUEST))

    assert made == [link(ring=WITHOUT_OLD), link(ring=OLD)]
    assert tokens.verify_link(ROTATED, "willow", TOKEN).text() == TOKEN


def test_when_a_key_is_dropped_its_links_are_dead() -> None:
    with pytest.raises(LinkUnknown):
        tokens.verify_link(WITHOUT_OLD, "willow", TOKEN)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"current": "1"},
        {"current": "2", "1": "a" * 64},
        {"1": "a" * 64},
        {"current": "1", "1": "a" * 31},
        {"current": "1", "1": "a" * 64, "2": ""},
        {"current": "current"},
    ],
)
def test_a_key_ring_without_a_good_current_key_is_refused(document: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="key"):
        Keyring.parse(document)


def test_a_key_ring_keeps_its_keys_out_of_what_a_program_prints() -> None:
    ring = Keyring.parse({"current": "1", "1": "s" * 32})

    assert list(ring.newest_first()) == [b"s" * 32]
    assert "sss" not in repr(ring)


def test_a_session_is_256_random_bits_and_the_place_of_its_account() -> None:
    one, another = tokens.new_session_cookie(ACCOUNT), tokens.new_session_cookie(ACCOUNT)

    assert one != another
    assert len(one) == len(another) == 64
    assert tokens.account_key_in_cookie(one) == ACCOUNT


@pytest.mark.parametrize(
    "change", [lambda c: c + "=", lambda c: c[:-1], lambda c: c + "A", lambda _: "", lambda _: "é"]
)
def test_a_session_cookie_of_another_shape_is_nobodys(change: Callable[[str], str]) -> None:
    assert tokens.account_key_in_cookie(change(tokens.new_session_cookie(ACCOUNT))) is None


def test_what_is_stored_of_a_session_differs_by_practice_and_tells_nothing() -> None:
    cookie = tokens.new_session_cookie(ACCOUNT)

    assert tokens.session_digest("willow", cookie) != tokens.session_digest("harbor", cookie)
    assert cookie not in tokens.session_digest("willow", cookie)


def test_a_pin_is_hashed_as_slowly_as_owasp_recommends() -> None:
    """OWASP Password Storage Cheat Sheet: PBKDF2-HMAC-SHA512 with 210,000 iterations."""
    assert tokens.PIN_ROUNDS >= 210_000


def test_no_code_is_hashed_without_its_pepper() -> None:
    assert tokens.hash_pin(ROTATED, "1", bytes(16), ACCOUNT, "123456")
    assert tokens.hash_pin(WITHOUT_OLD, "1", bytes(16), ACCOUNT, "123456") is None


def test_a_pin_is_right_for_its_digits_and_its_account_alone() -> None:
    hashed = tokens.hash_pin(ROTATED, "1", bytes(16), ACCOUNT, "123456") or b""
    pin = Pin(generation="", pepper_id="1", salt=bytes(16), hash=hashed, epoch=1, expires_at=NOON)

    tokens.verify_pin(ROTATED, pin, ACCOUNT, "123456")
    for ring, stored, account, digits in (
        (ROTATED, pin, ACCOUNT, "123457"),
        (ROTATED, pin, OTHER_ACCOUNT, "123456"),
        (WITHOUT_OLD, pin, ACCOUNT, "123456"),
        (ROTATED, None, ACCOUNT, "123456"),
    ):
        with pytest.raises(PinRefused):
            tokens.verify_pin(ring, stored, account, digits)


@given(st.binary(max_size=300))
def test_a_signed_value_is_valid_for_its_purpose_and_practice_alone(payload: bytes) -> None:
    signed = tokens.sign(OLD, "asked", "willow", payload)

    assert tokens.unsign(OLD, "asked", "willow", signed) == payload
    assert tokens.unsign(OLD, "known", "willow", signed) is None
    assert tokens.unsign(OLD, "asked", "harbor", signed) is None
    assert tokens.unsign(WITHOUT_OLD, "asked", "willow", signed) is None


def test_a_signature_stays_valid_after_the_rotation_of_its_key() -> None:
    assert tokens.unsign(ROTATED, "asked", "willow", tokens.sign(OLD, "asked", "willow", b"payload")) == b"payload"


def test_no_part_of_a_signed_value_can_be_changed() -> None:
    raw = tokens.base64url_decode(tokens.sign(OLD, "asked", "willow", b"ana@example.com"))
    assert raw is not None

    for bit in range(len(raw) * 8):
        forged = bytearray(raw)
        forged[bit // 8] ^= 1 << bit % 8
        assert tokens.unsign(OLD, "asked", "willow", tokens.base64url_encode(bytes(forged))) is None


@given(st.text())
@example("")
@example("AAAA")
@example("A" * 22)
def test_a_value_signed_with_another_key_is_invalid(text: str) -> None:
    assert tokens.unsign(OLD, "asked", "willow", text) is None


@given(st.lists(st.integers(min_value=0, max_value=2**48 - 1), min_size=2, max_size=20, unique=True))
def test_ids_sort_by_time(instants: list[int]) -> None:
    made = {tokens.new_ulid(instant): instant for instant in instants}

    assert [made[id_] for id_ in sorted(made)] == sorted(instants)


def test_an_id_is_written_as_the_ulid_specification_has_it() -> None:
    assert tokens.new_ulid(1_469_918_176_385)[:10] == "01ARYZ6S41"
    assert len(tokens.new_ulid(NOON * 1000)) == 26
    assert set(tokens.new_ulid(NOON * 1000)) <= set(tokens.CROCKFORD)


def test_a_thousand_ids_of_one_millisecond_are_unlike() -> None:
    assert len({tokens.new_ulid(NOON * 1000) for _ in range(1000)}) == 1000


def test_jitter_is_from_one_to_the_maximum() -> None:
    assert {tokens.jitter(3) for _ in range(200)} == {1, 2, 3}
    assert tokens.jitter(1) == 1
