"""Practice systems and webhooks in the console: secrets shown once, and the log of deliveries (B173 to B175)."""

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from latchkey import tokens
from latchkey.console.delivery_sentences import kind_names
from latchkey.rules.machines import MAX_CREDENTIALS, Machine
from latchkey.rules.members import Role
from latchkey.rules.published import PUBLISHED_KINDS
from latchkey.rules.webhooks import MAX_WEBHOOKS, OVERLAP_SECONDS, Delivery, DeliveryStatus, Webhook
from latchkey.store import machines, members, webhooks
from latchkey.usecases.machines import SECRET_PURPOSE
from tests.functions.console_forms import press
from tests.kit.browser import Browser
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal

HOME = "/admin/willow"
SYSTEMS, WEBHOOKS = f"{HOME}/systems", f"{HOME}/webhooks"
URL = "https://system.example/hook"
SECRET = re.compile(r"lks_[\w-]{20,}|whsec_[\w+/=]{20,}")


@pytest.fixture
def staff(portal: Portal) -> Browser:
    return portal.staff(role=Role.ADMIN)


@pytest.fixture
def logged(staff: Browser) -> Iterator[io.StringIO]:
    """Yield all lines of the log."""
    staff.get(SYSTEMS)  # this request sets up the logger
    handlers = logging.getLogger("latchkey").handlers
    (handler,) = [one for one in handlers if type(one) is logging.StreamHandler]  # pytest's handler reads the log too
    text = io.StringIO()
    usual = handler.setStream(text)
    yield text
    if usual:
        handler.setStream(usual)


def form_of(staff: Browser, path: str) -> str:
    """Return the token of a page's form."""
    _, _, form = staff.get(path).body.partition(f'action="{path}"')
    return form.partition('name="form" value="')[2].partition('"')[0]


def connect(staff: Browser, name: str = "Booking") -> HttpResponse:
    return press(staff, SYSTEMS, name=name)


def add(staff: Browser, url: str = URL, kinds: list[str] | None = None) -> HttpResponse:
    return staff.post(WEBHOOKS, {"form": form_of(staff, WEBHOOKS), "url": url, "kind": kinds or list(PUBLISHED_KINDS)})


def secret_on(page: HttpResponse) -> str:
    """Return the secret in the field of a page."""
    return page.page.one("textarea", id="secret").text.strip()


def systems(portal: Portal) -> list[Machine]:
    with portal._environment("Console"):  # noqa: SLF001 - the table, as the console has it
        return machines.all_of("willow")


def hooks(portal: Portal) -> list[Webhook]:
    with portal._environment("Console"):  # noqa: SLF001
        return webhooks.all_of("willow")


def test_a_secret_of_a_system_is_on_one_page_and_nowhere_else(
    portal: Portal, staff: Browser, logged: io.StringIO
) -> None:
    """B173: neither a second press, nor another page, the history, the tables or the log shows it again."""
    form = form_of(staff, SYSTEMS)
    made = staff.post(SYSTEMS, {"form": form, "name": "Booking"})
    (system,) = systems(portal)
    secret = secret_on(made)
    assert (made.status, SECRET.fullmatch(secret) is not None) == (200, True)
    assert tokens.digest(SECRET_PURPOSE, secret) == system.digest
    assert "We show it once" in made.page.text
    assert system.client_id in made.page.text
    assert f"{portal.origin}/admin/m1/token" in made.page.text
    assert made.headers["cache-control"] == "no-store"

    repeated = staff.post(SYSTEMS, {"form": form, "name": "Booking"})
    assert repeated.location == f"{SYSTEMS}/{system.id}?done=shown"
    shown = [
        staff.get(path) for path in (repeated.location, SYSTEMS, f"{SYSTEMS}/{system.id}/revoke", f"{HOME}/history")
    ]
    assert "The secret was shown already." in shown[0].page.text
    assert [page.status for page in shown] == [200] * 4
    lines = logged.getvalue()
    assert '"route": "/admin/{practice}/systems"' in lines
    elsewhere = [*(page.body for page in shown), json.dumps(portal.at_rest(), default=str), lines]
    assert not [text for text in elsewhere if secret in text]
    assert len(systems(portal)) == 1


def test_a_system_is_listed_by_maker_and_use_and_revoked_after_a_question(portal: Portal, staff: Browser) -> None:
    connect(staff)
    (system,) = systems(portal)
    listed = staff.get(SYSTEMS).page
    assert "Made by Dr. Willow, " in listed.text
    assert "Not used yet" in listed.text
    with portal._environment("Machine"):  # noqa: SLF001 - as the system asks for an access token
        assert machines.use("willow", system.id, system.digest, portal.now)
    assert "Last used " in staff.get(SYSTEMS).page.text

    question = f"{SYSTEMS}/{system.id}/revoke"
    assert staff.get(question).page.heading == "Revoke Booking?"
    assert systems(portal)[0].revoked_at is None
    done = press(staff, question)
    assert done.location == f"{SYSTEMS}?done=revoked"
    assert "The next request of the system is refused." in staff.get(done.location).page.text
    assert systems(portal)[0].revoked_at == portal.now
    assert "Revoked " in staff.get(SYSTEMS).page.text
    assert "Revoke" not in staff.get(f"{SYSTEMS}/{system.id}").page.links
    with portal._environment("Machine"):  # noqa: SLF001
        assert not machines.use("willow", system.id, system.digest, portal.now)
    history = staff.get(f"{HOME}/history").page.text
    assert "A practice system was connected. By Dr. Willow" in history
    assert "A practice system was revoked. By Dr. Willow" in history


def test_a_system_of_a_removed_admin_is_listed_without_a_name(portal: Portal, staff: Browser) -> None:
    connect(staff)
    with portal._environment("Console"):  # noqa: SLF001
        members.remove("willow", "dr-willow")
    listed = portal.staff("head-two", Role.ADMIN).get(SYSTEMS)
    assert listed.status == 200
    assert "Made by" not in listed.page.text
    assert "Made " in listed.page.text


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Fill in every field"),
        ("   ", "Fill in every field"),
        ("x" * 201, "That text is too long"),
        ("Booking\u202egnikoob", "characters that can’t be shown"),
    ],
)
def test_a_name_that_pages_cannot_show_is_refused_and_stays_in_the_field(
    portal: Portal, staff: Browser, name: str, sentence: str
) -> None:
    refused = connect(staff, name)
    assert refused.status == 400
    assert sentence in refused.page.text
    field = refused.page.one("input", id="name").attributes
    assert (field["value"], field["aria-invalid"]) == (name.strip(), "true")
    assert systems(portal) == []


def test_a_practice_has_twenty_systems_and_connects_one_after_a_revocation(portal: Portal, staff: Browser) -> None:
    made = Machine("willow", "", "Old", "d" * 43, "dr-willow", portal.now)
    with portal._environment("Console"):  # noqa: SLF001
        for number in range(MAX_CREDENTIALS - 1):
            machines.add(replace(made, id=tokens.new_ulid(number)))
    assert connect(staff).status == 200
    refused = connect(staff, "One more")
    assert refused.status == 409
    assert "A practice has 20 systems at most." in refused.page.text
    assert refused.page.one("input", id="name").attributes["value"] == "One more"
    assert len(refused.body.encode()) < 12 * 1024
    press(staff, f"{SYSTEMS}/{systems(portal)[0].id}/revoke")
    assert connect(staff, "One more").status == 200


def test_revoked_systems_are_shown_ten_at_a_time_after_the_live_ones(portal: Portal, staff: Browser) -> None:
    made = Machine("willow", "", "", "d" * 43, "dr-willow", portal.now)
    with portal._environment("Console"):  # noqa: SLF001
        for number in range(12):
            name, gone = f"System {number}", portal.now if number < 11 else None
            machines.add(replace(made, id=tokens.new_ulid(number), name=name, revoked_at=gone))
    page = staff.get(SYSTEMS).page
    names = [name for name in page.links if name.startswith("System ")]
    assert names == ["System 11", *(f"System {number}" for number in range(10, 0, -1))]
    rest = staff.get(SYSTEMS + page.links["Earlier"]).page.links
    assert [name for name in rest if name.startswith("System ")] == ["System 0"]


@pytest.mark.parametrize("path", ["/systems", "/systems/{id}", "/systems/{id}/revoke", "/webhooks", "/webhooks/{id}",
                                  "/webhooks/{id}/secret", "/webhooks/{id}/remove"])  # fmt: skip
def test_only_an_admin_of_the_practice_opens_these_pages(portal: Portal, staff: Browser, path: str) -> None:
    connect(staff)
    add(staff)
    found = hooks(portal) if "webhooks" in path else systems(portal)
    page = HOME + path.format(id=found[0].id)
    assert staff.get(page).status == 200
    assert "Practice systems" not in portal.staff("dr-other").get(HOME).page.links
    for outsider, status in ((portal.staff("dr-other"), 403), (portal.staff("head", Role.ADMIN, "harbor"), 404)):
        assert outsider.get(page).status == status
        assert outsider.post(page, {"form": "x", "name": "x"}).status in (status, 405)
    strange = HOME + path.format(id="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert staff.get(strange).status == (200 if strange == page else 404)
    assert (len(systems(portal)), len(hooks(portal))) == (1, 1)


def test_a_webhook_is_added_with_its_kinds_and_its_secret_is_shown_once(portal: Portal, staff: Browser) -> None:
    """B174."""
    form = form_of(staff, WEBHOOKS)
    fields = {"form": form, "url": URL, "kind": ["first_sign_in", "mail_bounced"]}
    made = staff.post(WEBHOOKS, fields)
    (webhook,) = hooks(portal)
    assert (made.status, secret_on(made)) == (200, webhook.secret)
    assert webhook.kinds == {"first_sign_in", "mail_bounced"}
    assert staff.post(WEBHOOKS, fields).location == f"{WEBHOOKS}/{webhook.id}?done=shown"
    page = staff.get(f"{WEBHOOKS}/{webhook.id}?done=shown")
    assert "The secret was shown already." in page.page.text
    assert "Email to a person comes back" in page.page.text
    assert "A client is erased" not in page.page.text
    pages = [page, *(staff.get(path) for path in (WEBHOOKS, f"{WEBHOOKS}/{webhook.id}/secret", f"{HOME}/history"))]
    assert not [one for one in pages if webhook.secret in one.body]
    stored = json.dumps(portal.at_rest()["Replays"], default=str)
    assert webhook.secret not in stored


@pytest.mark.parametrize(
    "url",
    ["", "http://system.example/", "https://localhost/x", "https://127.0.0.1/", "https://169.254.169.254/",
     "https://10.0.0.1/", "https://[::1]/", "https://[fd00::1]/", "https://me:pw@system.example/", "ftp://system.example/",
     "system.example/hook", "https://system.example/<b>", "https://" + "x" * 500 + ".example/"],
)  # fmt: skip
def test_an_address_that_is_not_on_the_internet_is_refused_and_stays_in_the_field(
    portal: Portal, staff: Browser, url: str
) -> None:
    refused = add(staff, url, ["client_erased"])
    assert refused.status == 422
    assert "Enter an address that begins with https://" in refused.page.text
    assert refused.page.one("input", id="url").attributes["value"] == url
    ticked = [box.attributes["value"] for box in refused.page.all("input", name="kind") if "checked" in box.attributes]
    assert ticked == ["client_erased"]
    assert hooks(portal) == []


def test_a_webhook_for_nothing_or_for_an_unknown_kind_is_refused(portal: Portal, staff: Browser) -> None:
    none = press(staff, WEBHOOKS, url=URL)
    assert (none.status, "Tick at least one kind of event." in none.page.text) == (400, True)
    assert add(staff, kinds=["other"]).status == 400
    assert hooks(portal) == []


def test_a_practice_has_five_webhooks_and_adds_one_after_a_removal(portal: Portal, staff: Browser) -> None:
    for _ in range(MAX_WEBHOOKS):
        assert add(staff).status == 200
    refused = add(staff)
    assert (refused.status, "A practice has 5 webhooks at most." in refused.page.text) == (409, True)
    question = f"{WEBHOOKS}/{hooks(portal)[0].id}/remove"
    assert URL in staff.get(question).page.text
    assert len(hooks(portal)) == MAX_WEBHOOKS
    done = press(staff, question)
    assert "The webhook is removed." in staff.get(done.location).page.text
    assert len(hooks(portal)) == MAX_WEBHOOKS - 1
    assert add(staff).status == 200


def test_a_new_secret_is_shown_once_and_the_one_before_signs_for_a_day(portal: Portal, staff: Browser) -> None:
    """B174."""
    add(staff)
    (before,) = hooks(portal)
    path = f"{WEBHOOKS}/{before.id}/secret"
    assert "For 24 hours" in staff.get(path).page.text
    assert hooks(portal) == [before]
    form = form_of(staff, path)
    rotated = staff.post(path, {"form": form})
    (after,) = hooks(portal)
    assert secret_on(rotated) == after.secret != before.secret
    assert after.secrets(portal.now) == (after.secret, before.secret)
    assert after.previous_until == portal.now + OVERLAP_SECONDS
    assert before.secret not in rotated.body
    repeated = staff.post(path, {"form": form})
    assert repeated.location == f"{WEBHOOKS}/{before.id}?done=shown"
    assert hooks(portal) == [after]
    assert "Two secrets sign each event." in staff.get(repeated.location).page.text
    assert "A webhook got a new secret. By Dr. Willow" in staff.get(f"{HOME}/history").page.text
    portal.now += OVERLAP_SECONDS
    later = portal.staff(role=Role.ADMIN)
    assert "Two secrets" not in later.get(f"{WEBHOOKS}/{before.id}").page.text


def deliver(portal: Portal, number: int, status: DeliveryStatus, result: str | None, tries: int = 1) -> None:
    """Store what became of an event."""
    (webhook,) = hooks(portal)
    following = portal.now + 60 if status == "retrying" else None
    last = portal.now if tries else None
    event = f"01KJEVENT00000000000000{number:03}"
    row = Delivery(
        "willow", webhook.id, event, "client_erased", "{}", portal.now, status, tries, following, last, result
    )
    with portal._environment("Console"):  # noqa: SLF001
        webhooks.add_delivery(row)


@pytest.mark.parametrize(
    ("status", "tries", "result", "sentence"),
    [
        ("pending", 0, None, "It waits to be sent."),
        ("delivered", 1, "204", "After 1 try."),
        ("delivered", 3, "200", "After 3 tries."),
        ("retrying", 2, "500", "Not delivered yet. After 2 tries. The receiver answered 500. Next try: "),
        ("retrying", 1, "timeout", "The receiver did not answer within 5 seconds."),
        ("retrying", 1, "name_unknown", "The host in the address is unknown."),
        ("retrying", 1, "target_forbidden", "The address leads into a private network."),
        ("retrying", 1, "tls_failed", "The receiver has no valid certificate."),
        ("retrying", 1, "no_connection", "The receiver took no connection."),
        ("retrying", 1, "not_http", "The receiver’s answer can’t be read."),
        ("retrying", 1, "301", "The receiver named another address (301). We do not follow it."),
        (
            "failed",
            1,
            "410",
            "Not delivered. We do not try again. After 1 try. The receiver wants no more events (410).",
        ),
        ("failed", 0, "webhook_gone", "Not delivered. We do not try again. The webhook was disabled or removed."),
    ],
)
def test_a_delivery_is_a_plain_sentence(
    portal: Portal, staff: Browser, status: DeliveryStatus, tries: int, result: str | None, sentence: str
) -> None:
    """B175."""
    add(staff)
    deliver(portal, 1, status, result, tries)
    page = staff.get(f"{WEBHOOKS}/{hooks(portal)[0].id}").page.text
    assert sentence in page
    assert "A client is erased" in page
    assert (result or "none") not in ("timeout", "tls_failed") or str(result) not in page


def test_every_kind_of_event_has_a_name() -> None:
    assert tuple(kind_names("en")) == PUBLISHED_KINDS


def test_the_log_is_newest_first_in_pages_of_ten(portal: Portal, staff: Browser) -> None:
    """B175."""
    add(staff)
    path = f"{WEBHOOKS}/{hooks(portal)[0].id}"
    assert "Nothing yet." in staff.get(path).page.text
    for number in range(1, 12):
        deliver(portal, number, "retrying", str(500 + number))
    first = staff.get(path).page
    answered = re.findall(r"answered (\d+)", first.text)
    assert answered == [str(500 + number) for number in range(11, 1, -1)]
    last = staff.get(path + first.links["Earlier"]).page
    assert re.findall(r"answered (\d+)", last.text) == ["501"]
    assert "Earlier" not in last.links
    assert staff.get(f"{path}?before=x").status == 400


def test_a_disabled_webhook_says_so_and_what_to_do(portal: Portal, staff: Browser) -> None:
    add(staff)
    (webhook,) = hooks(portal)
    with portal._environment("DeliverWebhooks"):  # noqa: SLF001 - as the worker does after a 410
        webhooks.disable(webhook, portal.now)
    assert "Disabled" in staff.get(WEBHOOKS).page.text
    assert "remove the webhook and add it anew" in staff.get(f"{WEBHOOKS}/{webhook.id}").page.text
