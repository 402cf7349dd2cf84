"""The wait that a refusal names."""

import re

from latchkey.pages.sign_in import MAX_MINUTES
from tests.kit.http_response import HttpResponse


def minutes_left(answer: HttpResponse, seconds: int) -> None:
    """Fail unless header and page of the response name this wait."""
    assert answer.status == 429
    assert answer.headers["retry-after"] == str(seconds)
    minutes = -(-seconds // 60)
    if minutes <= MAX_MINUTES:
        assert f", in {minutes} minute" in answer.page.text
    else:
        assert re.search(r"You can ask for a link again (at|on) [A-Z0-9]", answer.page.text)
