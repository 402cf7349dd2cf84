"""Tests of other routes for a practice's own system (B160): members, audit, previews, PINs by key, mail limit."""

import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from latchkey.identity import user_pool
from latchkey.rules.limits import mail_per_practice
from latchkey.rules.members import Member, Role
from latchkey.rules.staff import StaffPerson
from latchkey.store import members, practices
from tests.api.cloud import MinistackCloud
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import NOON
from tests.kit.seed import WILLOW

KIM = "kim@example.com"


def _png() -> bytes:
    file = BytesIO()
    Image.new("RGB", (120, 40), "#0b5a63").save(file, "PNG")
    return file.getvalue()


PNG = _png()


class TestPeople:
    def test_a_member_of_two_practices_reads_both(self, cloud: MinistackCloud, admin: ClinicianApi) -> None:
        members.set_role("harbor", "head-willow", Role.CLINICIAN, "Robin Desk")
        assert admin.request("GET", "/admin/v1/me").document == {
            "subject": "head-willow",
            "name": "Robin Desk",
            "memberships": [
                {"practice": "harbor", "role": "clinician"},
                {"practice": "willow", "role": "admin"},
            ],
        }
        assert cloud.clinician("operator").request("GET", "/admin/v1/me").document["memberships"] == [
            {"practice": "*", "role": "operator"}
        ]

    def test_operators_list_all_practices_page_by_page(self, operator: ClinicianApi, admin: ClinicianApi) -> None:
        """The same table stores the file of a logo, which is no practice."""
        assert admin.request("PUT", "/logo", raw=PNG, headers={"content-type": "image/png"}).status < 300
        found, query = [], {"limit": "1"}
        while True:
            page = operator.request("GET", "/admin/v1/practices", query=query).document
            found += [practice["slug"] for practice in page["practices"]]
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
        assert sorted(found) == ["harbor", "willow"]

    def test_members_are_listed_page_by_page(self, admin: ClinicianApi) -> None:
        admin.request("PUT", "/members/{subject}", {"role": "clinician", "name": "Dr. Lee"}, subject="dr-willow")
        first = admin.request("GET", "/members", query={"limit": "1"}).document
        assert first["members"] == [{"subject": "dr-willow", "role": "clinician", "name": "Dr. Lee", "email": None}]
        second = admin.request("GET", "/members", query={"limit": "1", "cursor": first["next"]}).document
        assert [member["subject"] for member in second["members"]] == ["head-willow"]
        assert second["next"] is None

    def test_a_member_is_added_by_subject(self, admin: ClinicianApi, cloud: MinistackCloud) -> None:
        body = {"subject": "dr-new", "role": "clinician", "name": "Dr. New"}
        assert admin.post("/members", body).status == 201
        assert cloud.clinician("dr-new").request("GET", "/clients").status == 200

    def test_a_member_is_added_by_address_where_the_stack_has_a_pool(
        self, admin: ClinicianApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = {"email": "New@willow.example", "role": "clinician"}
        refused = admin.post("/members", body)
        assert (refused.status, refused.code) == (422, "subject_required")
        monkeypatch.setattr(user_pool, "has_pool", lambda: True)
        monkeypatch.setattr(user_pool, "invite", lambda email: f"sub-of-{email}")
        made = admin.post("/members", body)
        assert (made.status, made.document["email"]) == (201, "new@willow.example")
        assert made.document["subject"] == "sub-of-new@willow.example"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"role": "clinician"},
            {"role": "clinician", "email": "a@b.example", "subject": "x"},
            {"role": "operator", "subject": "x"},
            {"role": "clinician", "subject": "a/b"},
            {"role": "clinician", "subject": "x", "name": "a\nb"},
        ],
    )
    def test_a_member_that_cannot_be_is_refused(self, admin: ClinicianApi, body: dict[str, str]) -> None:
        assert admin.post("/members", body).code == "body_invalid"

    def test_a_role_that_changes_leaves_the_name(self, admin: ClinicianApi) -> None:
        for body in ({"role": "clinician", "name": "Dr. Lee"}, {"role": "admin"}):
            assert admin.request("PUT", "/members/{subject}", body, subject="dr-willow").status == 200
        found = admin.get("/members").document["members"]
        assert found[0] == {"subject": "dr-willow", "role": "admin", "name": "Dr. Lee", "email": None}


class TestAudit:
    def test_the_practices_own_rows_have_names(self, admin: ClinicianApi, clinician: ClinicianApi) -> None:
        admin.request("PATCH", "", {"name": "Willow"})
        admin.request("PUT", "/members/{subject}", {"role": "admin", "name": "Robin Desk"}, subject="head-willow")
        found = admin.get("/events").document["events"]
        assert [(row["kind"], row["actor"], row["actor_name"]) for row in found] == [
            ("member_changed", "head-willow", "Robin Desk"),
            ("practice_changed", "head-willow", "Robin Desk"),
        ]
        assert clinician.get("/events").code == "role_missing"

    def test_a_clients_rows_have_names_where_one_is_on_file(self, clinician: ClinicianApi, admin: ClinicianApi) -> None:
        client = clinician.add_client("Kim Lee")
        assert [row["actor_name"] for row in clinician.events(client)] == [None]
        admin.request("PUT", "/members/{subject}", {"role": "clinician", "name": "Dr. Lee"}, subject="dr-willow")
        assert [row["actor_name"] for row in clinician.events(client)] == ["Dr. Lee"]


class TestPreviews:
    def test_a_letter_is_shown_with_wording_that_is_not_saved(
        self, clinician: ClinicianApi, cloud: MinistackCloud
    ) -> None:
        body = {
            "kind": "sign_in",
            "name": "<b>Kim</b>",
            "wording": {"greeting": "Dear {name},", "footer": "<script>alert(1)</script>"},
        }
        shown = clinician.post("/letters/preview", body)
        assert shown.status == 200, shown.body
        assert "Dear <b>Kim</b>," in shown.document["text"]
        assert "Dear &lt;b&gt;Kim&lt;/b&gt;," in shown.document["html"]
        assert "<script>" not in shown.document["html"]
        assert cloud.take_jobs() == []
        refused = clinician.post("/letters/preview", body | {"wording": {"body": "{secret}"}})
        assert (refused.status, refused.code) == (422, "letter_invalid")

    def test_a_spanish_invitation_has_the_saved_wording(self, clinician: ClinicianApi, admin: ClinicianApi) -> None:
        admin.request("PUT", "/letters/invitation/es", {"greeting": "Querida {name}:"})
        body = {"kind": "invitation", "language": "es", "name": "Ana", "items": ["Formulario"]}
        shown = clinician.post("/letters/preview", body).document
        assert "Querida Ana:" in shown["text"]
        assert "Formulario" in shown["text"]
        assert clinician.get("/letters/invitation/es").document["greeting"] == "Querida {name}:"

    def test_an_invitation_is_shown_as_it_goes_and_changes_nothing(
        self, clinician: ClinicianApi, cloud: MinistackCloud
    ) -> None:
        client = clinician.add_client("Kim Lee", KIM)
        body = {"subject": "Welcome", "message": "Hello {name},\nthis is it.", "items": ["Plan"]}
        before = {table: items for table, items in cloud.items().items() if table != "Replays"}
        shown = clinician.post("/clients/{client}/invitations", body | {"preview": True}, client=client)
        assert shown.status == 200, shown.body
        assert {table: items for table, items in cloud.items().items() if table != "Replays"} == before
        assert cloud.take_jobs() == []
        assert clinician.post("/clients/{client}/invitations", body, client=client).status == 201
        (letter,) = cloud.deliver()
        assert shown.document["subject"] == letter.subject
        link = next(word for word in letter.text.split() if "/link/" in word)
        preview_link = next(word for word in shown.document["text"].split() if "/link/" in word)
        assert shown.document["text"].replace(preview_link, link) == letter.text

    def test_a_preview_is_refused_where_the_invitation_would_be(
        self, clinician: ClinicianApi, cloud: MinistackCloud
    ) -> None:
        nobody = clinician.add_client("Ana")
        body = {"preview": True}
        assert clinician.post("/clients/{client}/invitations", body, client=nobody).code == "email_consent_required"
        kim = clinician.add_client("Kim Lee", KIM, invite={})
        cloud.bounce(KIM)
        assert clinician.post("/clients/{client}/invitations", body, client=kim).code == "address_suppressed"


class TestPins:
    def test_a_repeated_request_makes_no_second_pin_and_shows_no_digits(
        self, clinician: ClinicianApi, cloud: MinistackCloud
    ) -> None:
        client = clinician.add_client("Kim Lee", KIM, invite={})
        path, key = "/clients/{client}/pin-codes", {"idempotency-key": "press-1"}
        first, second = (clinician.request("POST", path, headers=key, client=client) for _ in range(2))
        assert (first.status, second.status) == (201, 201)
        assert "idempotency-replayed" not in first.headers
        assert second.headers["idempotency-replayed"] == "true"
        assert second.document == first.document | {"pin": None}
        assert first.document["pin"] not in json.dumps(cloud.items()["Replays"])
        assert [row["kind"] for row in clinician.events(client)].count("pin_created") == 1
        assert cloud.browser().enter_pin(KIM, first.document["pin"]).status == 200


class TestMailLimit:
    def test_an_operator_sets_the_mails_of_an_hour_and_an_admin_does_not(
        self, operator: ClinicianApi, admin: ClinicianApi, cloud: MinistackCloud
    ) -> None:
        refused = admin.request("PATCH", "", {"mails_per_hour": 1000})
        assert (refused.status, refused.code) == (403, "role_missing")
        assert admin.get("").document["mails_per_hour"] is None
        changed = operator.request("PATCH", "", {"mails_per_hour": 2})
        assert (changed.status, changed.document["mails_per_hour"]) == (200, 2)
        clinician = cloud.clinician()
        addresses = [f"kim{number}@example.com" for number in range(3)]
        clients = [clinician.add_client("Kim", address, invite={}) for address in addresses]
        statuses = [cloud.browser().request_link(address).status for address in addresses]
        assert statuses == [202, 202, 429]
        found = clinician.get("/clients/{client}/diagnosis", client=clients[2]).document
        assert [lock["on"] for lock in found["locks"]] == ["links"]

    @pytest.mark.parametrize("value", [0, -1, 100_001, "5", 1.5])
    def test_a_number_that_cannot_be_is_refused(self, operator: ClinicianApi, value: Any) -> None:
        assert operator.request("PATCH", "", {"mails_per_hour": value}).code == "body_invalid"

    def test_a_practice_of_before_has_the_usual_limit(self) -> None:
        practices.save(replace(WILLOW, mails_per_hour=None))
        assert mail_per_practice(None).limit.max_count == 300


class TestSamples:
    PATH = "/letters/sign_in/es/sample"

    def test_a_sample_goes_to_the_address_that_the_provider_has_verified(
        self, admin: ClinicianApi, clinician: ClinicianApi
    ) -> None:
        """B170"""
        assert admin.post(self.PATH, {}).code == "own_address_unknown"
        head = Member("willow", "head-willow", Role.ADMIN)
        members.record_sign_in(head, StaffPerson("head-willow", None, "head@example.com", "head@example.com"), NOON)
        answer = admin.post(self.PATH, {"wording": {"greeting": "Hola {name}"}})
        assert (answer.status, answer.document) == (202, {"to": "head@example.com"})
        assert clinician.post(self.PATH, {}).code == "role_missing"
        assert admin.post(self.PATH, {"wording": {"body": "{nobody}"}}).code == "letter_invalid"
        for _ in range(9):
            assert admin.post(self.PATH, {}).status == 202
        refused = admin.post(self.PATH, {})
        assert (refused.status, refused.code) == (429, "wait")
        assert 86_000 < int(refused.headers["retry-after"]) <= 86_400


class Pool:
    """A user pool in memory. `failing` is the name of the call that fails next."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.users = {"dr-willow": "lee@example.com", "head-willow": "head@example.com"}
        self.failing = ""
        self.mailed: list[str] = []
        for name in ("address_of", "delete", "invite"):
            patch.setattr(user_pool, name, getattr(self, name))
        patch.setattr(user_pool, "has_pool", lambda: True)

    def fail(self, name: str) -> None:
        if self.failing == name:
            self.failing = ""
            raise ClientError({"Error": {"Code": "InternalErrorException"}}, name)

    def address_of(self, subject: str) -> str | None:
        self.fail("address_of")
        return self.users.get(subject)

    def delete(self, subject: str) -> None:
        self.fail("delete")
        self.users.pop(subject, None)

    def invite(self, email: str) -> str:
        self.fail("invite")
        known = next((subject for subject, address in self.users.items() if address == email), None)
        if known is None:
            known = f"new-{len(self.mailed)}"
            self.users[known] = email
            self.mailed.append(email)
        return known


class TestStartOver:
    """B171"""

    PATH = "/members/{subject}/start-over"

    @pytest.fixture
    def pool(self, monkeypatch: pytest.MonkeyPatch) -> Pool:
        return Pool(monkeypatch)

    def test_a_stack_without_a_pool_says_so(self, admin: ClinicianApi) -> None:
        assert admin.post(self.PATH, subject="dr-willow").code == "user_pool_missing"

    def test_the_new_sign_in_has_the_role_and_the_old_one_ends_at_once(
        self, admin: ClinicianApi, cloud: MinistackCloud, clinician: ClinicianApi, pool: Pool
    ) -> None:
        assert clinician.request("GET", "/clients").status == 200
        answer = admin.post(self.PATH, subject="dr-willow")
        assert answer.status == 200
        assert answer.document == {
            "subject": "new-0",
            "role": "clinician",
            "name": None,
            "email": "lee@example.com",
        }
        assert pool.users == {"head-willow": "head@example.com", "new-0": "lee@example.com"}
        assert pool.mailed == ["lee@example.com"]
        assert clinician.request("GET", "/clients").status == 404
        assert cloud.clinician("new-0").request("GET", "/clients").status == 200
        events = admin.get("/events").document["events"]
        assert [row["reason"] for row in events if row["kind"] == "member_changed"] == ["started_over:dr-willow"]

    def test_nobody_else_starts_them_over(self, clinician: ClinicianApi, admin: ClinicianApi, pool: Pool) -> None:
        assert clinician.post(self.PATH, subject="head-willow").code == "role_missing"
        assert admin.post(self.PATH, subject="dr-harbor").code == "not_found"
        assert admin.post(self.PATH, subject="operator").code == "not_found"
        assert pool.mailed == []

    @pytest.mark.parametrize("elsewhere", ["harbor", "*"])
    def test_an_admin_does_not_end_a_sign_in_that_opens_more(
        self, admin: ClinicianApi, operator: ClinicianApi, pool: Pool, elsewhere: str
    ) -> None:
        """A practice's admin must not take the second factor from another practice, or from an operator."""
        members.save(Member(elsewhere, "dr-willow", Role.OPERATOR if elsewhere == "*" else Role.CLINICIAN, "Dr. Lee"))
        refused = admin.post(self.PATH, subject="dr-willow")
        assert (refused.status, refused.code) == (409, "member_elsewhere")
        assert pool.users["dr-willow"] == "lee@example.com"
        assert operator.post(self.PATH, subject="dr-willow").status == 200
        assert [member.practice for member in members.memberships_of("new-0", 9)] == sorted([elsewhere, "willow"])
        assert members.memberships_of("dr-willow", 9) == []

    @pytest.mark.parametrize("failing", ["address_of", "delete", "invite"])
    def test_what_fails_in_between_is_done_by_the_next_try(self, admin: ClinicianApi, pool: Pool, failing: str) -> None:
        pool.failing = failing
        assert admin.post(self.PATH, subject="dr-willow").status == 503
        assert admin.post(self.PATH, subject="dr-willow").status == 200
        assert pool.mailed == ["lee@example.com"]
        assert [member.subject for member in members.page_of("willow", 9)] == ["head-willow", "new-0"]
