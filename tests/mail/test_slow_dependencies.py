"""Simulations of tables that hang, a slow SES, and a worker whose clock is wrong."""

import pytest

from tests.kit.clock import NOON
from tests.kit.portal import Portal
from tests.mail.conftest import CROWD, digests, live_links, noted
from tests.mail.simulation import MailSimulation

MINUTE, HOUR, DAY = 60, 3600, 86_400

HANGING = CROWD[530:545]
AFTERWARDS = CROWD[545:553]
SLOW = CROWD[553:573]


def test_while_the_tables_hang_nothing_is_lost_and_no_mail_holds_a_link_that_is_not_stored(crowd: Portal) -> None:
    mail_simulation = MailSimulation.at(crowd, NOON + DAY)
    mail_simulation.hang(mail_simulation.time.now + 0.5, mail_simulation.time.now + 40 * MINUTE)
    with mail_simulation.open():
        for address in HANGING:
            mail_simulation.queue_job(address)
        mail_simulation.run(hours=3)

    assert {mail.to for mail in mail_simulation.ses.accepted} == set(HANGING)
    assert mail_simulation.queue.dead == []
    assert len(mail_simulation.queue) == 0
    assert max(mail_simulation.wait(address) for address in HANGING) < 52 * MINUTE
    assert digests(crowd, (mail.path for mail in mail_simulation.ses.accepted)) <= live_links(crowd)
    seen = noted(crowd)
    assert {seen[address] for address in HANGING} == {"sent"}


def test_a_mail_without_its_event_is_resent_with_the_same_link_and_ever_more_rarely(crowd: Portal) -> None:
    mail_simulation = MailSimulation.at(crowd, NOON + 2 * DAY)
    mail_simulation.hang(mail_simulation.time.now, mail_simulation.time.now + 20 * MINUTE, "PutItem")
    with mail_simulation.open():
        for address in AFTERWARDS:
            mail_simulation.queue_job(address)
        mail_simulation.run(hours=3)

    assert mail_simulation.queue.dead == []
    for address in AFTERWARDS:
        mails = mail_simulation.mails(address)
        assert 1 <= len(mails) < 20
        assert len({mail.path for mail in mails}) == 1
    seen = noted(crowd)
    assert {seen[address] for address in AFTERWARDS} == {"sent"}


def test_a_slow_ses_makes_no_batch_run_out_of_time_and_no_mail_come_twice(crowd: Portal) -> None:
    mail_simulation = MailSimulation.at(crowd, NOON + 3 * DAY)
    mail_simulation.ses.latency = (1.8, 1.95)
    with mail_simulation.open():
        for address in SLOW:
            mail_simulation.queue_job(address)
        mail_simulation.run(hours=1)

    assert mail_simulation.timeouts == 0
    assert sorted(mail.to for mail in mail_simulation.ses.accepted) == sorted(SLOW)
    assert max(mail_simulation.wait(address) for address in SLOW) < MINUTE


@pytest.mark.parametrize(("skew", "people"), [(-3, CROWD[573:576]), (3, CROWD[576:579])])
def test_a_worker_with_a_wrong_clock_keeps_to_the_newest_link_and_to_the_hours(
    crowd: Portal, skew: int, people: list[str]
) -> None:
    mail_simulation = MailSimulation.at(crowd, NOON + 4 * DAY + skew * HOUR)
    mail_simulation.skew = skew
    first, late, too_late = people
    beginning = int(mail_simulation.time.now)
    with mail_simulation.open():
        older = mail_simulation.queue_job(first)
        mail_simulation.time.now += 2
        mail_simulation.queue_job(first)
        mail_simulation.run(hours=0.1)
        for address, age in ((late, 6 * HOUR - 4), (too_late, 6 * HOUR + 4)):
            mail_simulation.queue_job(address, requested_at_ms=int(mail_simulation.time.now - age) * 1000)
        mail_simulation.run(hours=0.1)

    newest = mail_simulation.newest[first].job_id
    assert mail_simulation.mails(first)[-1].request == newest
    assert [mail.to for mail in mail_simulation.ses.accepted if mail.to in {late, too_late}] == [late]
    assert noted(crowd)[too_late] == "rejected"

    (path,) = {mail.path for mail in mail_simulation.mails(first) if mail.request == newest}
    crowd.now = beginning + 2 + DAY - 4
    assert crowd.browser().get(path).status == 200
    crowd.now = beginning + 2 + DAY + 5
    assert crowd.browser().get(path).status == 410
    crowd.now = beginning + 60
    for mail in mail_simulation.mails(first):
        if mail.request == older.job_id:
            assert crowd.browser().post(mail.path).status == 410
    assert crowd.browser().post(path).location == "/willow/home"
