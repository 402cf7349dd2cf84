"""Flows of the mail worker and of SES reports. A failed message is redelivered."""

from typing import Any

from latchkey import web
from latchkey.store import accounts
from tests.faults.client_flows import Flow
from tests.faults.clinician_flows import audit_of, bounce
from tests.faults.harness import ANA, FlowStep, Harness
from tests.kit.seed import key_of


def send_a_mail(harness: Harness) -> FlowStep:
    """Run one mail job until it succeeds. All its mails carry the same link."""
    assert harness.browser().request_link(ANA).status == 303
    (job,) = harness.jobs()

    def recover(repeated: list[int]) -> None:
        if repeated:
            assert harness.portal.work(job) == []
        for copy in harness.jobs():
            assert harness.portal.work(copy) == []
        account = accounts.find(key_of(harness.portal, "willow", ANA))
        assert account
        paths = {letter.path for letter in harness.portal.letters}
        assert len(paths) == 1
        if account.email_status == "rejected":
            assert audit_of(harness, "link_failed")
        else:
            assert account.email_status == "sent"
            assert 1 <= len(audit_of(harness, "link_sent")) <= len(harness.portal.letters)
            assert harness.browser().post(paths.pop()).status == 303

    return FlowStep(lambda: harness.portal.work(job), recover)


def report_bounce(harness: Harness) -> FlowStep:
    """Handle a bounce. Lambda retries a failed event."""
    harness.browser().link(ANA)
    reported = bounce(harness, ANA)

    def report() -> bool:
        try:
            harness.portal.handle_event("MailEvents", reported)
        except web.EventFailed:
            return False
        return True

    def recover(accepted: Any) -> None:
        assert accepted or report()
        account = accounts.find(key_of(harness.portal, "willow", ANA))
        assert account
        assert (account.email_status, account.suppressed) == ("bounced", True)
        assert [row["reason"]["S"] for row in audit_of(harness, "link_failed")] == ["bounced"]

    return FlowStep(report, recover)


FLOWS: tuple[Flow, ...] = (send_a_mail, report_bounce)
