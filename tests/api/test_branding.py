"""Tests of a practice's branding: logo, colour, words and legal pages (B148)."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from latchkey.usecases.logo_images import LOGO_BOX, MAX_BYTES
from tests.api.cloud import MinistackCloud
from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse

FOR_EVER = "public, max-age=31536000, immutable"


def image(image_format: str = "PNG", size: tuple[int, int] = (600, 300), mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, "#7a1f5c" if mode != "L" else 90).save(file, image_format, **options)
    return file.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose image has this many pixels."""
    rows = zlib.compressobj(9)
    line = b"\0" * (width // 8 + 2)
    data = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def put(admin: ClinicianApi, content: bytes, media_type: str = "image/png") -> HttpResponse:
    return admin.request("PUT", "/logo", raw=content, headers={"content-type": media_type})


def fetch(cloud: MinistackCloud, path: str) -> HttpResponse:
    return cloud.send("GET", path, {"host": "portal.example.com"}, b"", "203.0.113.9")


@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_a_logo_is_encoded_anew_and_served_by_us(admin: ClinicianApi, cloud: MinistackCloud, image_format: str) -> None:
    """B148"""
    answer = put(admin, image(image_format), f"image/{image_format.lower()}")
    assert answer.status == 200
    url, width, height = answer.document["url"], answer.document["width"], answer.document["height"]
    assert url.startswith("https://portal.example.com/willow/brand/logo-")
    assert (width, height) == (288, 144)
    assert admin.request("GET", "/logo").document == answer.document == admin.request("GET", "").document["logo"]

    served = fetch(cloud, url.removeprefix("https://portal.example.com"))
    assert (served.status, served.headers["content-type"], served.headers["cache-control"]) == (
        200,
        "image/png",
        FOR_EVER,
    )
    with Image.open(io.BytesIO(served.content)) as opened:
        assert (opened.format, opened.size) == ("PNG", (288, 144))
        assert opened.width <= LOGO_BOX[0]
    page = fetch(cloud, "/willow/sign-in")
    assert f'src="{url.removeprefix("https://portal.example.com")}"' in page.body
    assert "img-src 'self'" in page.headers["content-security-policy"]
    assert "http" not in page.headers["content-security-policy"]


def test_nothing_but_pixels_of_the_sent_file_is_served(admin: ClinicianApi, cloud: MinistackCloud) -> None:
    """B148: the served logo has no comment, EXIF location or appended file."""
    exif = Image.Exif()
    exif[0x010E] = "secret-place"
    sent = image("JPEG", exif=exif, comment=b"secret-comment") + b"<script>secret-tail</script>"
    url = put(admin, sent, "image/jpeg").document["url"]
    for name in ("logo", "icon", "favicon"):
        path = url.removeprefix("https://portal.example.com").replace("logo-", f"{name}-")
        content = fetch(cloud, path).content
        assert content.startswith(b"\x89PNG")
        assert b"secret" not in content


def test_icons_and_manifest_are_the_practices(admin: ClinicianApi, cloud: MinistackCloud) -> None:
    """B148"""
    before = fetch(cloud, "/willow/sign-in").page
    for rel, media_type in (("icon", "image/svg+xml"), ("manifest", "application/manifest+json")):
        served = fetch(cloud, before.one("link", rel=rel).attributes["href"])
        assert (served.status, served.headers["content-type"], served.headers["cache-control"]) == (
            200,
            media_type,
            FOR_EVER,
        )
    put(admin, image())
    after = fetch(cloud, "/willow/sign-in").page
    for rel, side in (("icon", 48), ("apple-touch-icon", 180)):
        with Image.open(io.BytesIO(fetch(cloud, after.one("link", rel=rel).attributes["href"]).content)) as opened:
            assert opened.size == (side, side)


def test_a_page_from_before_gets_the_new_logo_and_does_not_keep_it(admin: ClinicianApi, cloud: MinistackCloud) -> None:
    first = put(admin, image()).document["url"].removeprefix("https://portal.example.com")
    put(admin, image(size=(300, 300)))
    answer = fetch(cloud, first)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert admin.request("DELETE", "/logo").status == 204
    assert admin.request("DELETE", "/logo").status == 204
    assert fetch(cloud, first).status == 404
    assert admin.request("GET", "/logo").status == 404
    assert "<img" not in fetch(cloud, "/willow/sign-in").body


@pytest.mark.parametrize("file", ["logo.png", "logo-.png", "digest-x.png", "logo-x.svg", "x", "manifest-0.webmanifest"])
def test_other_files_do_not_exist(cloud: MinistackCloud, file: str) -> None:
    assert fetch(cloud, f"/willow/brand/{file}").status == 404


def test_a_logo_stays_when_the_practice_is_replaced(admin: ClinicianApi, operator: ClinicianApi) -> None:
    logo = put(admin, image()).document
    assert operator.request("PUT", "", {"name": "Willow"}).document["logo"] == logo


def noise(size: int) -> bytes:
    """Return a PNG of exactly this many bytes."""
    plain = image(size=(20, 20))
    return plain[:-12] + png_chunk(b"teXt", b"\0" * (size - len(plain) - 12)) + plain[-12:]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "PNG or a JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG or a JPEG"),
        (image("GIF", mode="P"), "PNG or a JPEG"),
        (image("BMP", (20, 20)), "PNG or a JPEG"),
        (image("WEBP"), "PNG or a JPEG"),
        (b"\x89PNG\r\n\x1a\n" + image("GIF", mode="P"), "damaged"),
        (image("PNG")[:100], "damaged"),
        (image("JPEG")[:200], "damaged"),
        (b"\xff\xd8\xff" + b"\0" * 50, "damaged"),
        (bomb(4096, 1000), "pixels"),
        (bomb(2000, 2001), "pixels"),
        (bomb(20_000, 10_000), "pixels"),
        (noise(MAX_BYTES + 1), "64 KB"),
        (noise(65 * 1024), "64 KB"),
        (b"x" * 200_000, "64 KB"),
    ],
)
def test_what_is_no_logo_is_refused_and_changes_nothing(
    admin: ClinicianApi, cloud: MinistackCloud, content: bytes, problem: str
) -> None:
    """B148"""
    before = cloud.items()["Practices"]
    answer = put(admin, content)
    assert (answer.status, answer.code) == (422, "value_invalid")
    (error,) = answer.document["errors"]
    assert error["location"] == "body"
    assert problem in error["message"]
    assert cloud.items()["Practices"] == before


@pytest.mark.parametrize(
    "content", [noise(MAX_BYTES), bomb(2000, 2000), image(mode="L"), image(size=(1, 1)), image("JPEG", mode="CMYK")]
)
def test_logos_at_the_limits_are_accepted(admin: ClinicianApi, content: bytes) -> None:
    assert put(admin, content).status == 200


def test_a_clinician_cannot_change_the_logo(clinician: ClinicianApi) -> None:
    assert put(clinician, image()).code == "role_missing"
    assert clinician.request("DELETE", "/logo").code == "role_missing"


def test_settings_of_identity_are_shown_and_removed(admin: ClinicianApi) -> None:
    """B148"""
    sent = {
        "accent": "#7A1F5C",
        "address": "12 Elm Street\nSpringfield",
        "legal": {"privacy": "https://willow.example/privacy", "terms": "/willow/terms"},
        "clinician_word": {"en": "therapist", "es": "terapeuta"},
        "welcome": {"en": "Hi", "es": "Hola"},
    }
    changed = admin.request("PATCH", "", sent)
    assert changed.status == 200
    assert {name: changed.document[name] for name in sent} == sent | {"accent": "#7a1f5c"}
    removed = {
        "accent": None,
        "address": None,
        "legal": {"terms": None},
        "clinician_word": {"es": None},
        "welcome": "Hello",
    }
    less = admin.request("PATCH", "", removed).document
    assert (less["accent"], less["address"], less["welcome"]) == (None, None, "Hello")
    assert (less["legal"], less["clinician_word"]) == (
        {"privacy": "https://willow.example/privacy"},
        {"en": "therapist"},
    )


def test_a_page_has_the_colour_that_its_policy_allows(admin: ClinicianApi, cloud: MinistackCloud) -> None:
    """B148"""
    admin.request("PATCH", "", {"accent": "#7a1f5c"})
    cloud.clock.advance(61)
    page = fetch(cloud, "/willow/sign-in")
    assert "--accent:#7a1f5c" in page.body
    assert page.headers["content-security-policy"].count("'sha256-") == 2


@pytest.mark.parametrize(
    ("setting", "location", "message"),
    [
        ({"accent": "red"}, "body.accent", "six hexadecimal digits"),
        ({"accent": "#12345"}, "body.accent", "six hexadecimal digits"),
        ({"accent": "#7a1f5c;}"}, "body.accent", "six hexadecimal digits"),
        ({"accent": "#ffff00"}, "body.accent", "The nearest that passes is #"),
        ({"legal": {"privacy": "javascript:alert(1)"}}, "body.legal.privacy", "https://"),
        ({"legal": {"terms": "/harbor/terms"}}, "body.legal.terms", "https://"),
        ({"legal": {"terms": "https://willow.example/" + "x" * 3000}}, "body.legal.terms", "https://"),
        ({"clinician_word": {"es": "su terapeuta"}}, "body.clinician_word.es", "2 to 40 letters"),
        ({"clinician_word": {"en": "x" * 41}}, "body.clinician_word.en", "2 to 40 letters"),
    ],
)
def test_a_setting_that_no_page_can_use_is_refused(
    admin: ClinicianApi, setting: dict[str, Any], location: str, message: str
) -> None:
    """B148"""
    before = admin.request("GET", "").document
    answer = admin.request("PATCH", "", setting)
    assert (answer.status, answer.code) == (422, "value_invalid")
    (error,) = answer.document["errors"]
    assert error["location"] == location
    assert message in error["message"]
    assert admin.request("GET", "").document == before


def test_the_colour_that_is_proposed_is_accepted(admin: ClinicianApi) -> None:
    """B148"""
    (error,) = admin.request("PATCH", "", {"accent": "#ff9900"}).document["errors"]
    nearest = error["message"].rpartition(" ")[2]
    assert admin.request("PATCH", "", {"accent": nearest}).document["accent"] == nearest


def test_letters_have_the_colour_and_the_address_and_load_no_image(
    admin: ClinicianApi, clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    """B148"""
    put(admin, image())
    admin.request("PATCH", "", {"accent": "#7a1f5c", "address": "12 Elm Street\nSpringfield"})
    cloud.clock.advance(61)
    clinician.add_client("Kim Lee", "kim@example.com", invite={})
    (letter,) = cloud.deliver()
    assert 'bgcolor="#7a1f5c"' in letter.html
    assert "#0b5a63" not in letter.html
    assert "12 Elm Street<br>Springfield" in letter.html
    assert "12 Elm Street\nSpringfield" in letter.text
    assert "<img" not in letter.html
