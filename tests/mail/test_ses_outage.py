"""Simulates a night of mail: 500 people ask for a link at once. Then SES is down, paused and out of quota, and
responses are lost.

The worker runs as on Lambda, with the template's queue and limits, in simulated time.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import pytest

from latchkey.rules.accounts import AccountStatus
from tests.kit import sam_template
from tests.kit.clock import NOON
from tests.kit.portal import Portal
from tests.kit.seed import change
from tests.mail.conftest import CROWD, digests, live_links, noted
from tests.mail.ses import DOWN, PAUSED, QUOTA
from tests.mail.simulation import MailSimulation

MINUTE, HOUR = 60, 3600

BURST = CROWD[:500]
"""Addresses that ask at the same moment."""
LATE = NOON + HOUR
OUTAGE = (LATE + 20, LATE + 20 + 45 * MINUTE)
PAUSE = (LATE + 48 * MINUTE, LATE + 68 * MINUTE)
OUT_OF_QUOTA = (LATE + 68 * MINUTE, LATE + 88 * MINUTE)
SECOND = CROWD[500:524]
"""Addresses that ask within a minute, an hour later. SES goes down during this minute."""
RETRY_SECONDS = SECOND[4:12]
"""Addresses that ask once more while SES is down."""
ENDED = SECOND[12:14]
"""Addresses whose access ends while SES is down."""
REJECTED = SECOND[14:16]
"""Addresses that SES always rejects."""
LOST = SECOND[16:19]
"""Addresses whose mail SES accepts without a response."""
THIRD = CROWD[524:530]
"""Addresses that ask while sending is paused."""
SERVED = [address for address in (*BURST, *SECOND, *THIRD) if address not in {*ENDED, *REJECTED}]
POISON = {"not json", "{}", '{"practice": "willow", "account": 7}'}


@pytest.fixture(scope="module")
def mail_simulation(crowd: Portal) -> Iterator[MailSimulation]:
    """Yield the simulation after it has ended."""
    simulated = MailSimulation.at(crowd, NOON)
    for spell, ways in ((OUTAGE, DOWN), (PAUSE, PAUSED), (OUT_OF_QUOTA, QUOTA)):
        simulated.ses.fails(*spell, ways)
    simulated.ses.rejected = set(REJECTED)
    with simulated.open():
        for address in BURST:
            simulated.queue_job(address)
        simulated.later(29 * MINUTE, partial(simulated.ask, "lee@example.com"))
        simulated.later(30 * MINUTE, partial(simulated.ask, "ana@example.com"))
        simulated.later(HOUR, partial(_become_worse, simulated))
        for number, address in enumerate(SECOND):
            simulated.later(HOUR + number * MINUTE / len(SECOND), partial(simulated.queue_job, address))
        for number, address in enumerate(RETRY_SECONDS):
            simulated.later(HOUR + 20 * MINUTE + number, partial(simulated.ask, address))
        for address in ENDED:
            simulated.later(
                HOUR + 25 * MINUTE, partial(change, crowd, "willow", address, status=AccountStatus.DISABLED, epoch=2)
            )
        for number, address in enumerate(THIRD):
            simulated.later(HOUR + 50 * MINUTE + number, partial(simulated.queue_job, address))
        simulated.run(hours=10)
        yield simulated


def _become_worse(mail_simulation: MailSimulation) -> None:
    mail_simulation.queue.redeliver_one_in = 100
    mail_simulation.ses.losing = set(LOST)
    for poison in sorted(POISON):
        mail_simulation.queue.put(poison)


def tries_between(mail_simulation: MailSimulation, since: float, until: float) -> list[list[float]]:
    """Return the times of the tries of each mail. Mails whose message SQS redelivered are left out."""
    tried = dict[bytes, list[float]]()
    for one in mail_simulation.ses.tries:
        if since <= one.at < until and one.request not in mail_simulation.queue.repeated:
            tried.setdefault(one.request, []).append(one.at)
    return list(tried.values())


def test_500_parallel_requests_get_mail_within_a_minute_at_the_rate_of_ses(
    mail_simulation: MailSimulation,
) -> None:
    first = [one for one in mail_simulation.ses.tries if one.at < NOON + 29 * MINUTE]

    assert {one.to for one in first} == set(BURST)
    assert Counter(one.answer for one in first)["taken"] == 500
    assert len(first) < 500 * 1.05
    assert max(mail_simulation.wait(address) for address in BURST) < MINUTE


def test_everybody_but_the_rejected_has_the_mail_of_their_newest_request(mail_simulation: MailSimulation) -> None:
    assert len(SERVED) == 526
    for address in SERVED:
        assert 0 < mail_simulation.wait(address) < 6 * HOUR
        assert (
            mail_simulation.newest[address].requested_at_ms / 1000 + mail_simulation.wait(address)
            < OUT_OF_QUOTA[1] + 11 * MINUTE
        )
    assert not len(mail_simulation.queue)
    assert not mail_simulation.queue.expired
    assert not mail_simulation.timeouts


def test_what_was_mailed_for_the_newest_request_is_the_link_that_is_stored(
    crowd: Portal, mail_simulation: MailSimulation
) -> None:
    newest = {mail_simulation.newest[address].job_id for address in SERVED}
    paths = {mail.path for mail in mail_simulation.ses.accepted if mail.request in newest}

    assert len(paths) == len(SERVED)
    assert digests(crowd, paths) <= live_links(crowd)


def test_no_mail_comes_twice_but_after_an_answer_that_was_lost_and_then_with_the_same_link(
    mail_simulation: MailSimulation,
) -> None:
    came = Counter(mail.request for mail in mail_simulation.ses.accepted)
    lost = {mail_simulation.newest[address].job_id for address in LOST}
    twice = {request for request, times in came.items() if times > 1}

    assert twice >= lost
    assert lost - mail_simulation.queue.repeated
    assert {came[request] for request in lost - mail_simulation.queue.repeated} == {2}
    assert twice <= lost | mail_simulation.queue.repeated
    assert len({mail.path for mail in mail_simulation.ses.accepted}) == len(came)


def test_a_mail_that_came_twice_opens_one_session(crowd: Portal, mail_simulation: MailSimulation) -> None:
    first, second = mail_simulation.mails(LOST[0])
    before = sam_template.sessions_in(crowd.at_rest())

    assert crowd.browser().post(first.path).location == "/willow/home"
    assert crowd.browser().post(second.path).status == 410
    assert len(sam_template.sessions_in(crowd.at_rest()).keys() - before) == 1


def test_after_a_second_request_only_the_newest_mail_signs_in(crowd: Portal, mail_simulation: MailSimulation) -> None:
    older = 0
    for address in RETRY_SECONDS[:5]:
        for mail in mail_simulation.mails(address):
            if mail.request != mail_simulation.newest[address].job_id:
                older += 1
                assert crowd.browser().post(mail.path).status == 410
        assert crowd.browser().post(mail_simulation.mails(address)[-1].path).location == "/willow/home"
    assert older


def test_no_mail_goes_out_after_access_has_ended(mail_simulation: MailSimulation) -> None:
    for address in ENDED:
        assert [one for one in mail_simulation.ses.tries if one.to == address]
        assert mail_simulation.mails(address) == []


def test_what_ses_rejects_is_not_retried_and_the_clinician_sees_it(
    crowd: Portal, mail_simulation: MailSimulation
) -> None:
    for address in REJECTED:
        answers = [one.answer for one in mail_simulation.ses.tries if one.to == address]
        assert answers[-1] in {"MessageRejected", "BadRequestException"}
        assert mail_simulation.mails(address) == []
    seen = noted(crowd)
    assert {seen[address] for address in REJECTED} == {"rejected"}
    assert {seen[address] for address in SERVED} == {"sent"}


def test_only_poison_is_in_the_dead_letter_queue_after_five_receives(mail_simulation: MailSimulation) -> None:
    assert {message.body for message in mail_simulation.queue.dead} == POISON
    assert {message.receives for message in mail_simulation.queue.dead} == {5}


def test_while_mail_is_closed_no_mail_is_tried_more_than_once_a_minute(mail_simulation: MailSimulation) -> None:
    tried = tries_between(mail_simulation, PAUSE[0], OUT_OF_QUOTA[1])
    gaps = [later - earlier for tries in tried for earlier, later in pairwise(tries)]

    assert len(tried) > 12
    assert min(gaps) > MINUTE
    assert max(gaps) < 11 * MINUTE


def test_while_ses_is_down_waits_grow_from_seconds_to_ten_minutes_by_chance(mail_simulation: MailSimulation) -> None:
    tried = tries_between(mail_simulation, *OUTAGE)
    through = [tries for tries in tried if tries[0] < OUTAGE[0] + MINUTE and tries[-1] > OUTAGE[1] - 11 * MINUTE]
    gaps = [[later - earlier for earlier, later in pairwise(tries)] for tries in through]

    assert len(gaps) > 5
    for waits in gaps:
        assert len(waits) < 20
        assert waits[0] < 20
        assert 4 * MINUTE < max(waits) < 11 * MINUTE
    assert max(mail_simulation.queue.delays) <= 600
    assert min(mail_simulation.queue.delays) >= 5
    assert len(set(mail_simulation.queue.delays)) > 100


def test_an_ses_outage_changes_no_response_to_link_requests(mail_simulation: MailSimulation) -> None:
    _, before, *meanwhile = mail_simulation.requests

    assert before[:2] == (303, "/willow/sign-in/sent")
    assert "SendEmail" not in before[2]
    assert meanwhile == [before] * len(RETRY_SECONDS)


def test_nothing_that_ever_waited_in_the_queue_holds_an_address_or_a_link(mail_simulation: MailSimulation) -> None:
    secrets = {mail.path.rpartition("/")[2][44:] for mail in mail_simulation.ses.tries}

    for body in mail_simulation.queue.bodies:
        assert "@" not in body
    everything = "".join(mail_simulation.queue.bodies)
    assert not [secret for secret in secrets if secret in everything]
