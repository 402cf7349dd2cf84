"""Forms with a file (RFC 7578): what is a form, and what is none."""

import pytest

from latchkey.console.multipart import MAX_PARTS, Part, parse
from latchkey.rules.refusals import BodyInvalid

TYPE = "multipart/form-data; boundary=b"


def field(name: str, content: bytes = b"", more: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


@pytest.mark.parametrize("content", [b"", b"x", b"\r\n", b"--", b"\r\n--", b"a\r\n--c\r\n", bytes(range(256))])
def test_a_file_arrives_byte_for_byte(content: bytes) -> None:
    body = field("form", b"t") + field("logo", content, '; filename="a.png"') + b"--b--\r\n"
    expected = (Part("form", b"t", is_file=False), Part("logo", content, is_file=True))
    assert parse(TYPE, body) == expected
    assert parse('multipart/form-data; charset=utf-8; boundary="b"', body) == expected


def test_the_name_of_a_file_names_no_field() -> None:
    body = field("logo", b"x", '; filename="a; name=\\"form\\""') + b"--b--"
    assert parse(TYPE, body) == (Part("logo", b"x", is_file=True),)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", field("a") + b"--b--"),
        ("multipart/form-data; boundary=" + "b" * 71, field("a") + b"--b--"),
        (TYPE, b""),
        (TYPE, b"--b--"[:3]),
        (TYPE, field("a")),
        (TYPE, b"preamble" + field("a") + b"--b--"),
        (TYPE, b"--b\r\nno head\r\n--b--"),
        (TYPE, b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--"),
        (TYPE, field('"') + b"--b--"),
        (TYPE, field("a", more="; x=" + "y" * 2048) + b"--b--"),
        (TYPE, field("a") * (MAX_PARTS + 1) + b"--b--"),
    ],
)
def test_what_is_no_form_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(BodyInvalid):
        parse(content_type, body)


def test_as_many_fields_as_a_form_may_have() -> None:
    assert len(parse(TYPE, field("a") * MAX_PARTS + b"--b--")) == MAX_PARTS
