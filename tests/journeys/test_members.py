"""Tests of members who are invited by email address to the stack's own user pool (B160)."""

from tests.kit.live_portal import LivePortal


def test_a_colleague_is_invited_by_address_and_found_a_second_time(live_portal: LivePortal) -> None:
    admin = live_portal.clinician(role="admin")
    body = {"email": "New.Colleague@willow.example", "role": "clinician", "name": "Robin Hayes"}
    first, second = (admin.post("/members", body) for _ in range(2))
    assert (first.status, second.status) == (201, 201), first.body
    assert first.document["subject"] == second.document["subject"]
    assert first.document["email"] == "new.colleague@willow.example"
    listed = admin.get("/members?limit=100").document["members"]
    assert [member["name"] for member in listed if member["subject"] == first.document["subject"]] == ["Robin Hayes"]
    gone = admin.request("DELETE", "/members/{subject}", subject=first.document["subject"])
    assert gone.status == 204
