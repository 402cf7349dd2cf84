"""Smaller nights: tables that hang, an SES that dawdles, and a worker whose clock is wrong."""

import pytest

from tests.kit.portal import Portal
from tests.kit.seed import NOON
from tests.mail.conftest import CROWD, digests, live_links, noted
from tests.mail.simulation import Night

MINUTE, HOUR, DAY = 60, 3600, 86_400

HANGING = CROWD[530:545]
AFTERWARDS = CROWD[545:553]
SLOW = CROWD[553:573]


def test_while_the_tables_hang_nothing_is_lost_and_no_mail_holds_a_link_that_is_not_stored(crowd: Portal) -> None:
    night = Night.at(crowd, NOON + DAY)
    night.hang(night.time.now + 0.5, night.time.now + 40 * MINUTE)
    with night.open():
        for address in HANGING:
            night.promise(address)
        night.run(hours=3)

    assert {mail.to for mail in night.ses.taken} == set(HANGING)
    assert night.queue.dead == []
    assert len(night.queue) == 0
    assert max(night.wait(address) for address in HANGING) < 52 * MINUTE
    assert digests(crowd, (mail.path for mail in night.ses.taken)) <= live_links(crowd)
    seen = noted(crowd)
    assert {seen[address] for address in HANGING} == {"sent"}


def test_what_cannot_be_written_down_is_mailed_again_with_the_same_link_and_ever_more_rarely(crowd: Portal) -> None:
    night = Night.at(crowd, NOON + 2 * DAY)
    night.hang(night.time.now, night.time.now + 20 * MINUTE, "PutItem")
    with night.open():
        for address in AFTERWARDS:
            night.promise(address)
        night.run(hours=3)

    assert night.queue.dead == []
    for address in AFTERWARDS:
        mails = night.mails(address)
        assert 1 <= len(mails) < 20
        assert len({mail.path for mail in mails}) == 1
    seen = noted(crowd)
    assert {seen[address] for address in AFTERWARDS} == {"sent"}


def test_a_slow_ses_makes_no_batch_run_out_of_time_and_no_mail_come_twice(crowd: Portal) -> None:
    night = Night.at(crowd, NOON + 3 * DAY)
    night.ses.latency = (1.8, 1.95)
    with night.open():
        for address in SLOW:
            night.promise(address)
        night.run(hours=1)

    assert night.timeouts == 0
    assert sorted(mail.to for mail in night.ses.taken) == sorted(SLOW)
    assert max(night.wait(address) for address in SLOW) < MINUTE


@pytest.mark.parametrize(("skew", "people"), [(-3, CROWD[573:576]), (3, CROWD[576:579])])
def test_a_worker_whose_clock_is_wrong_keeps_to_the_newest_link_and_to_the_hours(
    crowd: Portal, skew: int, people: list[str]
) -> None:
    night = Night.at(crowd, NOON + 4 * DAY + skew * HOUR)
    night.skew = skew
    first, late, too_late = people
    beginning = int(night.time.now)
    with night.open():
        older = night.promise(first)
        night.time.now += 2
        night.promise(first)
        night.run(hours=0.1)
        for address, age in ((late, 6 * HOUR - 4), (too_late, 6 * HOUR + 4)):
            night.promise(address, requested_at_ms=int(night.time.now - age) * 1000)
        night.run(hours=0.1)

    newest = night.newest[first].job_id
    assert night.mails(first)[-1].request == newest
    assert [mail.to for mail in night.ses.taken if mail.to in {late, too_late}] == [late]
    assert noted(crowd)[too_late] == "rejected"

    (path,) = {mail.path for mail in night.mails(first) if mail.request == newest}
    crowd.now = beginning + 2 + DAY - 4
    assert crowd.browser().get(path).status == 200
    crowd.now = beginning + 2 + DAY + 5
    assert crowd.browser().get(path).status == 410
    crowd.now = beginning + 60
    for mail in night.mails(first):
        if mail.request == older.job_id:
            assert crowd.browser().post(mail.path).status == 410
    assert crowd.browser().post(path).location == "/willow/home"
