"""Practice admin in the console over HTTP: the logo of a practice, and a colleague who starts over."""

from tests.console.staff_browser import StaffBrowser

NEW = "kit.hale@willow.example"


def members(desk: StaffBrowser) -> dict[str, str]:
    """The paths of the members, by the name that the page shows."""
    links = desk.get("/admin/willow/staff").page.links
    return {name: path for name, path in links.items() if path.startswith("/admin/willow/staff/")}


def test_a_colleague_who_cannot_sign_in_starts_over_at_the_pool(desk: StaffBrowser, lee: StaffBrowser) -> None:
    """B171: the pool itself deletes the user and invites them anew."""
    desk.press("/admin/willow/staff", person_name="Kit Hale", email=NEW, role="clinician")
    before = members(desk)["Kit Hale"]
    assert desk.get(before).page.links["Start over"] == f"{before}/start-over"
    question = desk.get(f"{before}/start-over").page
    assert question.heading == "Start over for Kit Hale?"
    assert "signed out everywhere at once" in question.text
    token = desk.token(desk.get(f"{before}/start-over"), f"{before}/start-over")
    for _ in range(2):  # a double press does one thing
        answer = desk.post(f"{before}/start-over", {"form": token})
        assert answer.location == "/admin/willow/staff?done=started_over"
    assert "They start over." in desk.get(answer.location).page.text
    after = members(desk)["Kit Hale"]
    assert after != before
    assert desk.get(before).status == 404
    assert "Email" not in desk.get(after).page.text
    assert NEW in desk.get(after).page.text

    # The front desk is an admin of both practices, so Willow alone does not end their sign-in.
    own = next(path for name, path in members(desk).items() if name not in ("Kit Hale", "Dr. Lee"))
    refused = desk.send_form(f"{own}/start-over")
    assert refused.status == 409
    assert "They also act for another practice" in refused.page.text
    assert lee.get(f"{after}/start-over").status == 403
