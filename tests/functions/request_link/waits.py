"""The wait that a refused person is told."""

import re

from latchkey.pages.sign_in import MAX_MINUTES
from tests.kit.http_response import HttpResponse


def minutes_left(answer: HttpResponse, seconds: int) -> None:
    """Fail unless the response tells this wait, in the header and on the page."""
    assert answer.status == 429
    assert answer.headers["retry-after"] == str(seconds)
    minutes = -(-seconds // 60)
    if minutes <= MAX_MINUTES:
        assert f", in {minutes} minute" in answer.page.text
    else:
        assert re.search(r"You can ask for a link again (at|on) [A-Z0-9]", answer.page.text)
