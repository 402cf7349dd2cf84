"""Tests of the read that comes first on each page of the console."""

from latchkey.rules.members import Role
from latchkey.store import staff_sessions
from tests.functions.console_forms import invited_client
from tests.kit.portal import Portal


def test_a_client_is_read_with_the_session_for_members_only(portal: Portal) -> None:
    """The read itself returns no client to a person of another practice, even before the role is checked."""
    client_id = invited_client(portal.staff(), "Ida Moss", "ida@example.com").rpartition("/")[2]
    member, stranger = portal.staff(), portal.staff("dr-harbor", practice="harbor")
    operator = portal.staff("ops", Role.OPERATOR, practice="*")
    with portal._environment("Console"):  # noqa: SLF001 - read as the function would
        found = [
            staff_sessions.read(
                browser.cookies["__Host-staff"], "willow", portal.now, is_activity=False, client_ids=(client_id,)
            )
            for browser in (member, operator, stranger)
        ]
    assert [access.role for access in found] == [Role.CLINICIAN, Role.OPERATOR, None]
    assert [list(access.clients) for access in found] == [[client_id], [client_id], []]
