"""Sentences about deliveries: the kinds of events, and what became of each."""

from typing import assert_never

from latchkey import languages
from latchkey.languages import Translator
from latchkey.rules.languages import Language
from latchkey.rules.published import PUBLISHED_KINDS, PublishedKind
from latchkey.rules.webhooks import GONE, Delivery

REDIRECTS = range(300, 400)


def kind_names(language: Language) -> dict[PublishedKind, str]:
    """Return how a page names the kinds of events, in their order."""
    _ = languages.translator(language)
    return {kind: _kind_name(kind, _) for kind in PUBLISHED_KINDS}


def _kind_name(kind: PublishedKind, _: Translator) -> str:
    match kind:
        case "first_sign_in":
            return _("A person signs in for the first time")
        case "access_ended":
            return _("A client’s access ends")
        case "profile_revoked":
            return _("A person may no longer open a client’s profile")
        case "client_erased":
            return _("A client is erased")
        case "mail_bounced":
            return _("Email to a person comes back")
        case _:
            assert_never(kind)


def delivery_sentence(delivery: Delivery, zone: str, language: Language) -> str:
    """Return what became of an event: its status, the last result, and the next try."""
    _, ngettext = languages.translator(language), languages.plural_translator(language)
    last = languages.format_date_time(delivery.last_at, zone, language) if delivery.last_at else ""
    following = languages.format_date_time(delivery.next_at, zone, language) if delivery.next_at else ""
    tries = ngettext("After {number} try.", "After {number} tries.", delivery.tries) if delivery.tries else ""
    result = _result(delivery.last_result, _) if delivery.last_result else ""
    match delivery.status:
        case "pending":
            parts = [_("It waits to be sent.")]
        case "delivered":
            parts = [_("Delivered {at}", at=last), tries]
        case "retrying":
            parts = [_("Not delivered yet."), tries, result, _("Next try: {at}", at=following)]
        case "failed":
            parts = [_("Not delivered. We do not try again."), tries, result]
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts if part)


def _result(result: str, _: Translator) -> str:
    """Return the last answer of a receiver, or the reason why there was none, as a sentence."""
    reasons = {
        "timeout": _("The receiver did not answer within 5 seconds."),
        "name_unknown": _("The host in the address is unknown."),
        "target_forbidden": _("The address leads into a private network."),
        "tls_failed": _("The receiver has no valid certificate."),
        "no_connection": _("The receiver took no connection."),
        "not_http": _("The receiver’s answer can’t be read."),
        "webhook_gone": _("The webhook was disabled or removed."),
        str(GONE): _("The receiver wants no more events (410)."),
    }
    if sentence := reasons.get(result):
        return sentence
    if result.isdecimal() and int(result) in REDIRECTS:
        return _("The receiver named another address ({status}). We do not follow it.", status=result)
    return _("The receiver answered {status}.", status=result)
