"""What nobody waits for: mail is sent, and SES reports what became of it. What fails comes again."""

from typing import Any

from latchkey import web
from latchkey.store import accounts
from tests.faults.client_flows import Flow
from tests.faults.clinician_flows import audit_of, bounce
from tests.faults.harness import ANA, FlowStep, Harness
from tests.kit.seed import key_of


def send_a_mail(scene: Harness) -> FlowStep:
    """One job; it comes again as long as it is not done, and all mails of it carry the same link."""
    assert scene.browser().request_link(ANA).status == 303
    (job,) = scene.jobs()

    def go_on(repeated: list[int]) -> None:
        if repeated:
            assert scene.portal.work(job) == []
        for copy in scene.jobs():
            assert scene.portal.work(copy) == []
        account = accounts.find(key_of(scene.portal, "willow", ANA))
        assert account
        paths = {letter.path for letter in scene.portal.letters}
        assert len(paths) == 1
        if account.email_status == "rejected":
            assert audit_of(scene, "link_failed")
        else:
            assert account.email_status == "sent"
            assert 1 <= len(audit_of(scene, "link_sent")) <= len(scene.portal.letters)
            assert scene.browser().post(paths.pop()).status == 303

    return FlowStep(lambda: scene.portal.work(job), go_on)


def report_bounce(scene: Harness) -> FlowStep:
    """Lambda hands it in again if it fails."""
    scene.browser().link(ANA)
    reported = bounce(scene, ANA)

    def report() -> bool:
        try:
            scene.portal.handle_event("MailEvents", reported)
        except web.EventFailed:
            return False
        return True

    def go_on(heard: Any) -> None:
        assert heard or report()
        account = accounts.find(key_of(scene.portal, "willow", ANA))
        assert account
        assert (account.email_status, account.suppressed) == ("bounced", True)
        assert [row["reason"]["S"] for row in audit_of(scene, "link_failed")] == ["bounced"]

    return FlowStep(report, go_on)


FLOWS: tuple[Flow, ...] = (send_a_mail, report_bounce)
