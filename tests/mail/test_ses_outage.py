"""One night of mail: 500 people ask at once, then SES is down, paused and out of quota, and answers get lost.

The worker runs as Lambda runs it, on the template's own queue and limits, in simulated time.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import pytest

from latchkey.rules.accounts import AccountStatus
from tests.kit import sam_template
from tests.kit.files import change
from tests.kit.portal import Portal
from tests.kit.seed import NOON
from tests.mail.conftest import CROWD, digests, live_links, noted
from tests.mail.ses import DOWN, PAUSED, QUOTA
from tests.mail.simulation import Night

MINUTE, HOUR = 60, 3600

BURST = CROWD[:500]
"""Ask at the same moment."""
LATE = NOON + HOUR
OUTAGE = (LATE + 20, LATE + 20 + 45 * MINUTE)
PAUSE = (LATE + 48 * MINUTE, LATE + 68 * MINUTE)
OUT_OF_QUOTA = (LATE + 68 * MINUTE, LATE + 88 * MINUTE)
SECOND = CROWD[500:524]
"""Ask within a minute, an hour later: SES goes down meanwhile."""
AGAIN = SECOND[4:12]
"""Ask once more while it is down."""
ENDED = SECOND[12:14]
"""Lose their access while it is down."""
REJECTED = SECOND[14:16]
"""Have addresses that SES will never take."""
LOST = SECOND[16:19]
"""SES takes their mail, and its answer gets lost."""
THIRD = CROWD[524:530]
"""Ask while sending is paused."""
SERVED = [address for address in (*BURST, *SECOND, *THIRD) if address not in {*ENDED, *REJECTED}]
POISON = {"not json", "{}", '{"practice": "willow", "account": 7}'}


@pytest.fixture(scope="module")
def night(crowd: Portal) -> Iterator[Night]:
    """All of it, when it is over."""
    night = Night.at(crowd, NOON)
    for spell, ways in ((OUTAGE, DOWN), (PAUSE, PAUSED), (OUT_OF_QUOTA, QUOTA)):
        night.ses.fails(*spell, ways)
    night.ses.rejected = set(REJECTED)
    with night.open():
        for address in BURST:
            night.promise(address)
        night.later(29 * MINUTE, partial(night.ask, "lee@example.com"))
        night.later(30 * MINUTE, partial(night.ask, "ana@example.com"))
        night.later(HOUR, partial(_become_worse, night))
        for number, address in enumerate(SECOND):
            night.later(HOUR + number * MINUTE / len(SECOND), partial(night.promise, address))
        for number, address in enumerate(AGAIN):
            night.later(HOUR + 20 * MINUTE + number, partial(night.ask, address))
        for address in ENDED:
            night.later(
                HOUR + 25 * MINUTE, partial(change, crowd, "willow", address, status=AccountStatus.DISABLED, epoch=2)
            )
        for number, address in enumerate(THIRD):
            night.later(HOUR + 50 * MINUTE + number, partial(night.promise, address))
        night.run(hours=10)
        yield night


def _become_worse(night: Night) -> None:
    night.queue.twice = 100
    night.ses.losing = set(LOST)
    for poison in sorted(POISON):
        night.queue.put(poison)


def tries_between(night: Night, since: float, until: float) -> list[list[float]]:
    """When each mail was tried, but for those whose message SQS delivered once more."""
    tried = dict[bytes, list[float]]()
    for one in night.ses.tries:
        if since <= one.at < until and one.request not in night.queue.repeated:
            tried.setdefault(one.request, []).append(one.at)
    return list(tried.values())


def test_500_at_once_have_their_mail_within_a_minute_and_ses_is_hardly_ever_asked_too_much(night: Night) -> None:
    first = [one for one in night.ses.tries if one.at < NOON + 29 * MINUTE]

    assert {one.to for one in first} == set(BURST)
    assert Counter(one.answer for one in first)["taken"] == 500
    assert len(first) < 500 * 1.05
    assert max(night.wait(address) for address in BURST) < MINUTE


def test_everybody_but_the_rejected_has_the_mail_of_their_newest_request(night: Night) -> None:
    assert len(SERVED) == 526
    for address in SERVED:
        assert 0 < night.wait(address) < 6 * HOUR
        assert night.newest[address].requested_at_ms / 1000 + night.wait(address) < OUT_OF_QUOTA[1] + 11 * MINUTE
    assert not len(night.queue)
    assert not night.queue.expired
    assert not night.timeouts


def test_what_was_mailed_for_the_newest_request_is_the_link_that_is_stored(crowd: Portal, night: Night) -> None:
    newest = {night.newest[address].job_id for address in SERVED}
    paths = {mail.path for mail in night.ses.taken if mail.request in newest}

    assert len(paths) == len(SERVED)
    assert digests(crowd, paths) <= live_links(crowd)


def test_no_mail_comes_twice_but_after_an_answer_that_was_lost_and_then_with_the_same_link(night: Night) -> None:
    came = Counter(mail.request for mail in night.ses.taken)
    lost = {night.newest[address].job_id for address in LOST}
    twice = {request for request, times in came.items() if times > 1}

    assert twice >= lost
    assert lost - night.queue.repeated
    assert {came[request] for request in lost - night.queue.repeated} == {2}
    assert twice <= lost | night.queue.repeated
    assert len({mail.path for mail in night.ses.taken}) == len(came)


def test_a_mail_that_came_twice_opens_one_session(crowd: Portal, night: Night) -> None:
    first, second = night.mails(LOST[0])
    before = len(sam_template.items_of(crowd.tables, "Sessions"))

    assert crowd.browser().post(first.path).location == "/willow/home"
    assert crowd.browser().post(second.path).status == 410
    assert len(sam_template.items_of(crowd.tables, "Sessions")) == before + 1


def test_who_asked_again_meanwhile_gets_in_by_the_newest_mail_alone(crowd: Portal, night: Night) -> None:
    older = 0
    for address in AGAIN[:5]:
        for mail in night.mails(address):
            if mail.request != night.newest[address].job_id:
                older += 1
                assert crowd.browser().post(mail.path).status == 410
        assert crowd.browser().post(night.mails(address)[-1].path).location == "/willow/home"
    assert older


def test_whose_access_ended_meanwhile_gets_no_mail(night: Night) -> None:
    for address in ENDED:
        assert [one for one in night.ses.tries if one.to == address]
        assert night.mails(address) == []


def test_what_ses_rejects_is_not_tried_again_and_the_clinician_sees_it(crowd: Portal, night: Night) -> None:
    for address in REJECTED:
        answers = [one.answer for one in night.ses.tries if one.to == address]
        assert answers[-1] in {"MessageRejected", "BadRequestException"}
        assert night.mails(address) == []
    seen = noted(crowd)
    assert {seen[address] for address in REJECTED} == {"rejected"}
    assert {seen[address] for address in SERVED} == {"sent"}


def test_only_poison_is_in_the_dead_letter_queue_after_five_receives(night: Night) -> None:
    assert {message.body for message in night.queue.dead} == POISON
    assert {message.receives for message in night.queue.dead} == {5}


def test_while_mail_is_closed_no_mail_is_tried_more_than_once_a_minute(night: Night) -> None:
    tried = tries_between(night, PAUSE[0], OUT_OF_QUOTA[1])
    gaps = [later - earlier for tries in tried for earlier, later in pairwise(tries)]

    assert len(tried) > 12
    assert min(gaps) > MINUTE
    assert max(gaps) < 11 * MINUTE


def test_while_ses_is_down_waits_grow_from_seconds_to_ten_minutes_by_chance(night: Night) -> None:
    tried = tries_between(night, *OUTAGE)
    through = [tries for tries in tried if tries[0] < OUTAGE[0] + MINUTE and tries[-1] > OUTAGE[1] - 11 * MINUTE]
    gaps = [[later - earlier for earlier, later in pairwise(tries)] for tries in through]

    assert len(gaps) > 5
    for waits in gaps:
        assert len(waits) < 20
        assert waits[0] < 20
        assert 4 * MINUTE < max(waits) < 11 * MINUTE
    assert max(night.queue.delays) <= 600
    assert min(night.queue.delays) >= 5
    assert len(set(night.queue.delays)) > 100


def test_who_asks_while_ses_is_down_is_answered_as_ever(night: Night) -> None:
    _, before, *meanwhile = night.asked

    assert before[:2] == (303, "/willow/sign-in/sent")
    assert "SendEmail" not in before[2]
    assert meanwhile == [before] * len(AGAIN)


def test_nothing_that_ever_waited_in_the_queue_holds_an_address_or_a_link(night: Night) -> None:
    secrets = {mail.path.rpartition("/")[2][44:] for mail in night.ses.tries}

    for body in night.queue.bodies:
        assert "@" not in body
    everything = "".join(night.queue.bodies)
    assert not [secret for secret in secrets if secret in everything]
