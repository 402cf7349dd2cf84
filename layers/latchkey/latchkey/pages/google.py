"""Coming back from Google without being let in: what went wrong, and the ways in that do not need Google."""

from dataclasses import replace
from typing import Literal

from latchkey.pages.frames import Frame, render

type Refused = Literal["unmatched", "cancelled", "failed"]
"""How a return from Google ended."""


def google_unmatched(frame: Frame) -> str:
    """403: that Google account opens nothing here (B68, B70). Which one it was stays between the person and Google."""
    return _refused(frame, "unmatched")


def google_cancelled(frame: Frame) -> str:
    """403: the person turned back at Google."""
    return _refused(frame, "cancelled")


def google_failed(frame: Frame) -> str:
    """403: late, replayed, forged, or Google did not answer; all one to whoever reads this."""
    return _refused(frame, "failed")


def _refused(frame: Frame, why: Refused) -> str:
    # a return is good for one visit, so the other language is where the next attempt starts
    again = replace(frame, path=f"/{frame.practice.slug}/sign-in") if frame.practice else frame
    return render("google_refused.html", again, why=why)
