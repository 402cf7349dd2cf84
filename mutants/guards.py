"""The guards: what each protects, where it stands, and how it looks when it is gone."""

from dataclasses import dataclass

LAYER = "layers/latchkey/latchkey"


@dataclass(frozen=True, slots=True)
class Guard:
    """One check of the product's, and the tests that should miss it."""

    what: str
    file: str
    """Below the project's root."""
    stands: str
    """Its text, which stands there once."""
    gone: str
    """What stands there instead."""
    tests: str
    """Arguments of pytest."""

    def removed_from(self, text: str) -> str:
        """The file's text without the guard.

        :raises ValueError: it does not stand there, or more than once.
        """
        if text.count(self.stands) != 1:
            raise ValueError(f"{self.file} holds the guard of {self.what} {text.count(self.stands)} times")
        return text.replace(self.stands, self.gone)


def _in(file: str, tests: str, *guards: tuple[str, str, str]) -> list[Guard]:
    return [Guard(what, file, stands, gone, tests) for what, stands, gone in guards]


def _function(name: str) -> str:
    return f"functions/{name}/handler.py"


LINKS = [
    *_in(
        f"{LAYER}/rules/links.py",
        "tests/rules/test_links.py",
        ("a link's end, when it is looked at", "link.expires_at <= now", "link.expires_at < now"),
        ("a link of before a disable", " or account.epoch != link.epoch", ""),
        ("a link that was replaced", "if link.request != request:", "if False:"),
        ("a link that was used", "            raise LinkUsed\n", "            pass\n"),
        ("a link of ended access", " or not account.may_sign_in", ""),
    ),
    *_in(
        f"{LAYER}/store/links.py",
        "tests/store/test_links.py",
        ("a link's end, when it is spent", "        & (LinkItem.expires_at > arrival.instant // 1000)\n", ""),
        ("a link's digest", "        & (LinkItem.digest == token.digest)\n", ""),
        (
            "a link's state",
            "        (LinkItem.state == LIVE)\n        & (LinkItem.exp",
            "        LinkItem.account.exists()\n        & (LinkItem.exp",
        ),
        ("a link's epoch", "        & (LinkItem.epoch == account.epoch),\n", ""),
        ("the order of links", "(new < job.sequence)", "new.exists()"),
        ("a link that was used and is mailed again", " & (LinkItem.state == LIVE)\n    expires_at", "\n    expires_at"),
    ),
    *_in(
        _function("redeem_link"),
        "tests/functions/test_redeem_link.py tests/functions/test_request_link.py",
        ("a prefetch", " and not request.prefetched", ""),
        ("an invitation is never opened by looking", ' and token.kind == "sign_in"', ""),
        ("a HEAD", ' and request.method == "GET"', ""),
        (
            "the browser that asked",
            "here = asked is not None and tokens.same(asked, token.request)",
            "here = asked is not None",
        ),
        (
            "whose session a used link leads to",
            "if present is None or present.account.key != token.account:",
            "if present is None:",
        ),
        (
            "the limit on opening by a press",
            'road="link")\n        raise',
            'road="link") if False else None\n        raise',
        ),
        (
            "how many rows a dead link leaves",
            'road="link")\n        write_down',
            'road="link") if False else None\n        write_down',
        ),
    ),
    *_in(
        f"{LAYER}/web/arrivals.py",
        "tests/functions/test_redeem_link.py",
        ("a switch that nobody asked for", "present.account.key != account and not agreed", "False"),
    ),
    *_in(
        f"{LAYER}/tokens.py",
        "tests/test_tokens.py",
        ("one spelling of base64", "return raw if encode(raw) == text else None", "return raw"),
        (
            "a link's practice",
            "links(ring, practice, kind, account, request):\n            if",
            "links(ring, 'willow', kind, account, request):\n            if",
        ),
        ("a link's secret", "if hmac.compare_digest(link.secret, secret):", "if True:"),
        (
            "a seal",
            "if hmac.compare_digest(_mac(key, purpose.encode(), practice.encode(), payload)[:SEAL_BYTES], mac):",
            "if True:",
        ),
        ("the lengths of what is hashed", "len(part).to_bytes(4) + part", "part"),
        ("a pepper that is gone", " if pepper else None", ""),
        (
            "a session of another practice",
            '_digest(b"session", practice.encode(), cookie.encode())',
            '_digest(b"session", cookie.encode())',
        ),
    ),
]

SESSIONS = [
    *_in(
        f"{LAYER}/store/sessions.py",
        "tests/functions/test_redeem_link.py",
        (
            "a sign-in that nobody can tell from none",
            "raise Unavailable(arrival.cookie) from None",
            "raise Unavailable from None",
        ),
    ),
    *_in(
        f"{LAYER}/rules/sessions.py",
        "tests/rules/test_sessions.py",
        ("a session's silence", "session.seen_at + IDLE_SECONDS <= now", "session.seen_at + IDLE_SECONDS < now"),
        ("a session's longest life", "session.started_at + LONGEST_SECONDS <= now", "False"),
        ("a session that was ended from elsewhere", "not known or ", ""),
        ("a session of before a disable", " or account.epoch != session.epoch", ""),
        ("a profile that was taken away", "if session.profile and not account.profile(session.profile):", "if False:"),
        ("ten sessions at most", "live[: -(MOST_SESSIONS - 1)]", "live[:-MOST_SESSIONS]"),
        ("who is over and takes a live one's place", " if _stands(session, account, now)]", "]"),
    ),
    *_in(
        f"{LAYER}/store/sessions.py",
        "tests/store/test_links.py tests/store/test_sessions.py tests/store/test_outages.py",
        ("access that ended a moment ago", "        & (AccountItem.epoch == account.epoch)\n", ""),
        ("an account that has changed since it was read", "\n        & (AccountItem.revision == account.revision)", ""),
        ("our own commit, whose answer was lost", "if current is None:", "if False:"),
        ("a conflict that passes", "if not passing(error):\n                raise", "if True:\n                raise"),
        ("the session that the browser brought", "transaction.delete(SessionItem(arrival.ending))", "pass"),
        (
            "a session that ended while it was changed",
            "(SessionItem.seen_at > now - sessions.IDLE_SECONDS)",
            "SessionItem.digest.exists()",
        ),
    ),
    *_in(
        f"{LAYER}/web/requests.py",
        "tests/functions/test_session.py tests/functions/test_door.py",
        (
            "two cookies of one name",
            "return values[0] if len(values) == 1 else None",
            "return values[0] if values else None",
        ),
        ("the length of a body", "        if len(body) > most:\n", "        if False:\n"),
        ("getting ahead is no activity", 'self.method != "HEAD" and not self.prefetched', "True"),
    ),
    *_in(
        f"{LAYER}/web/cookies.py",
        "tests/functions/test_session.py tests/functions/test_redeem_link.py",
        ("cookies out of reach of scripts", "HttpOnly; ", ""),
        ("cookies of this host", 'return f"__Host-{what}-', 'return f"{what}-'),
    ),
]

BUDGETS = [
    *_in(
        f"{LAYER}/store/budgets.py",
        "tests/store/test_budgets.py",
        (
            "a full window",
            '        condition &= (_path(limit.name, "ends") > now) & (_path(limit.name, "count") < limit.most)\n',
            '        condition &= _path(limit.name, "ends") > now\n',
        ),
        ("what came in between", "else BudgetItem.revision == seen.revision", "else BudgetItem.revision.exists()"),
        ("windows that are open", " | (BudgetItem.sweep_at <= now + SWEEP_SECONDS)", " | BudgetItem.bucket.exists()"),
        ("what must not be full", "budgets.check(windows, (*unless, *limits), now)", "pass"),
        ("giving back to a later window", "BudgetItem.attempts.set({attempt})", "BudgetItem.attempts.add({attempt})"),
        (
            "giving back twice",
            "condition=BudgetItem.attempts.contains(taken.attempt)",
            "condition=BudgetItem.bucket.exists()",
        ),
        ("a source's own buckets", 'bucket_of("source", road, own), near', "bucket_of(tokens.salt()), near"),
        ("what must not be full around", "far, unless[1:]", "far, ()"),
        ("the wider network", "    if around:\n", "    if False:\n"),
    ),
    *_in(
        f"{LAYER}/store/budgets.py",
        "tests/functions/test_pin.py tests/functions/test_request_link.py",
        ("an act that stays undecided", "        reserved.undo()\n", ""),
    ),
    *_in(
        f"{LAYER}/store/budgets.py",
        "tests/store/test_outages.py",
        ("a count that was sent twice", "~BudgetItem.attempts.contains(attempt)", "BudgetItem.bucket.exists()"),
    ),
    *_in(
        f"{LAYER}/rules/sources.py",
        "tests/rules/test_sources.py",
        ("IPv4 written as IPv6", "if address.ipv4_mapped:", "if False:"),
        ("neighbours in a /64", "for bits in (64, 48)", "for bits in (128, 48)"),
    ),
    *_in(
        _function("request_link"),
        "tests/functions/test_request_link.py",
        ("a mail that the practice's limit refuses is not counted", "        reserved.give_back(own)\n", ""),
        (
            "a known browser's own lane",
            'budgets.bucket_of("browser", job.account) if known else None',
            "None",
        ),
        (
            "a known browser's share of a practice's mail",
            'budgets.bucket_of("practice browser", job.practice) if known else None',
            "None",
        ),
        (
            "an account's known browsers together",
            'budgets.bucket_of("browser", job.account)',
            'budgets.bucket_of("browser", tokens.request_id())',
        ),
        (
            "a source that known browsers do not pay for",
            "        if not known:\n            _take",
            "        if True:\n            _take",
        ),
        (
            "who has tried wrong addresses",
            "guesses = (WRONG_BY_SOURCE, WRONG_BY_NETWORK) if tells else ()",
            "guesses = ()",
        ),
        (
            "an address that gets no mail",
            "    if not account.can_receive_mail:\n        return NoMailPossible()\n",
            "",
        ),
        (
            "what it costs to find addresses",
            "reserved.take_by_source(request.source, WRONG_BY_SOURCE, WRONG_BY_NETWORK, ",
            "(lambda *_, **__: None)(",
        ),
        (
            "the practice's limit",
            'budgets.bucket_of("practice", job.practice)',
            'budgets.bucket_of("practice", job.request)',
        ),
        (
            "the limit on asking",
            'unless=guesses, road="ask")',
            'unless=guesses, road="ask") if False else None',
        ),
    ),
]

PINS = [
    *_in(
        f"{LAYER}/store/pins.py",
        "tests/store/test_pins.py tests/functions/test_pin.py",
        ("a PIN's five tries", "            & (PinItem.attempts < pins.MOST_ATTEMPTS)\n", ""),
        ("a hundred wrong PINs in a row", "            & (PinItem.failures < pins.MOST_FAILURES)\n", ""),
        ("a try that was sent twice", "            & ~PinItem.tries.contains(attempt),\n", ""),
        ("giving a try back twice", "condition=PinItem.tries.contains(attempt)", "condition=PinItem.account.exists()"),
        (
            "a PIN's end, when it is tried",
            "            condition=(PinItem.state == LIVE)\n            & (PinItem.expires_at > now)\n",
            "            condition=(PinItem.state == LIVE)\n",
        ),
        (
            "a PIN's state, when it is spent",
            "        (PinItem.state == LIVE)\n        & (PinItem.generation",
            "        PinItem.account.exists()\n        & (PinItem.generation",
        ),
        ("a PIN that was made anew", "        & (PinItem.generation == pin.generation)\n", ""),
        ("a PIN's epoch", "\n        & (PinItem.epoch == account.epoch),", ","),
    ),
    *_in(
        _function("pin"),
        "tests/functions/test_pin.py",
        ("a right PIN", "hashed is not None and tokens.same(hashed, pin.hash)", "hashed is not None"),
        ("a PIN of ended access", " or not account.may_sign_in", ""),
        ("a PIN of before a disable", " or account.epoch != pin.epoch", ""),
        ("a right PIN is not counted", "    reserved.release()\n", ""),
        ("a PIN that the practice's limit refuses is not counted", "        reserved.give_back(own)\n", ""),
        (
            "a try that stays undecided",
            "    reserved.if_undecided(lambda: kept.give_back_attempt(key, attempt))\n",
            "",
        ),
        ("a switch by PIN that nobody asked for", "    arrivals.ask_before_switching(", "    (lambda *_, **__: None)("),
        ("a known browser's own tries", "    known = cookies.knows(request, key)\n", "    known = False\n"),
        (
            "as long where there is no PIN",
            "        tokens.pin_hash(ring, ring.current, tokens.salt(), key, typed)\n",
            "",
        ),
    ),
    *_in(
        _function("pin"),
        "tests/attacks/test_waits.py",
        (
            "the limit on typing",
            "            otherwise=source,\n",
            "",
        ),
        ("an address's wrong PINs", 'bucket_of("pin address", key)', 'bucket_of("pin address", tokens.salt())'),
        ("the practice's wrong PINs", 'bucket_of("pin practice", request.at.slug)', 'bucket_of("pin practice", key)'),
    ),
]

GOOGLE = [
    *_in(
        f"{LAYER}/google.py",
        "tests/google/test_tokens.py",
        ("the issuer of an ID token", 'claims.get("iss") not in issuers or ', ""),
        ("an ID token for someone else", ' or claims.get("aud") not in audiences', ""),
        ("who had an ID token made", 'claims.get("azp", told.google_client_id) != told.google_client_id', "False"),
        ("the nonce of an ID token", 'not same(given.encode(errors="replace"), nonce.encode())', "False"),
        ("times that are none", " or not _timely(claims)", ""),
    ),
    *_in(
        f"{LAYER}/google.py",
        "tests/google/test_road.py",
        ("an address that Google has not verified", 'claims.get("email_verified") is not True or ', ""),
        ("an address that an organisation gives out", ' or claims.get("hd") is not None', ""),
        ("an address that is not Google's own", "domain != DOMAIN or ", ""),
        ("a modifier in Google's address", ' or "+" in local', ""),
    ),
    *_in(
        f"{LAYER}/store/states.py",
        "tests/store/test_states.py tests/google/test_returns.py",
        ("a state that was returned with", "(StateItem.stage == OPEN) & ", ""),
        ("the browser that left", " & (StateItem.browser == browser)", ""),
        ("a state's ten minutes", " & (StateItem.expires_at > now)", ""),
        (
            "a Google account that is bound elsewhere",
            "        bound=AccountItem.google.does_not_exist() | (AccountItem.google == subject),\n",
            "",
        ),
    ),
    *_in(
        f"{LAYER}/web/cookies.py",
        "tests/functions/test_cookies.py",
        ("a planted cookie", "return said if tokens.same(made_for, named.id) else None", "return said"),
        (
            "a browser that was here long ago",
            "    if issued_at + BROWSER_SECONDS <= request.now:\n        return None\n",
            "",
        ),
    ),
    *_in(
        f"{LAYER}/web/requests.py",
        "tests/functions/test_cookies.py",
        ("blanks before a cookie's name", 'cookie.strip(" \\t")', "cookie.strip()"),
    ),
    *_in(
        f"{LAYER}/web/typed.py",
        "tests/functions/test_shared_computers.py",
        ("an address whose link was used", "TypedAddress(used=True) if used else ", ""),
        (
            "an address of a practice with one answer",
            "if request.at.unknown_address is not UnknownAddress.TELL:",
            "if False:",
        ),
    ),
    *_in(
        f"{LAYER}/web/cookies.py",
        "tests/functions/test_shared_computers.py",
        (
            "an address that was typed long ago",
            "    if asked_at + TYPED_SECONDS <= request.now:\n        return None\n",
            "",
        ),
    ),
    *_in(
        _function("google_callback"),
        "tests/google/test_returns.py",
        (
            "a switch by Google that nobody asked for",
            "        arrivals.ask_before_switching(",
            "        (lambda *_, **__: None)(",
        ),
        ("whom a reload leads home", " or states.signed_in(_digest(state)) != present.account.key", ""),
    ),
    *_in(
        _function("google_callback"),
        "tests/google/test_accounts.py tests/google/test_road.py",
        ("access that ended meanwhile", "account.ended_at is not None and account.ended_at >= started_at", "False"),
    ),
    *_in(
        _function("google_callback"),
        "tests/attacks/test_waits.py",
        (
            "the limit on leaving for Google",
            'road="google")\n',
            'road="google") if False else None\n',
        ),
    ),
]

DOOR = [
    *_in(
        f"{LAYER}/web/origins.py",
        "tests/functions/test_door.py",
        ("another origin", "if origin is not None and origin != request.origin:", "if False:"),
        ("another site", 'if site is not None and site != "same-origin":', "if False:"),
        (
            "a form of no origin",
            'if origin is None and site is None and request.method == "POST" and not request.sends_json:',
            "if False:",
        ),
        ("another host", "if known and request.host != urlsplit(known).hostname:", "if False:"),
    ),
    *_in(
        f"{LAYER}/web/origins.py",
        "tests/attacks/test_sources.py",
        (
            "a request that goes around CloudFront",
            'if tokens.sha256(request.headers.get("x-origin-verify", "")) not in digests:',
            "if False:",
        ),
        ("whom CloudFront saw", "return replace(request, source=", "return replace(request, path="),
    ),
    *_in(
        f"{LAYER}/web/log.py",
        "tests/functions/test_door.py",
        (
            "the words of a fault",
            '"where": where, ',
            '"where": where, "words": str(error), ',
        ),
    ),
    *_in(
        f"{LAYER}/web/answers.py",
        "tests/functions/test_door.py",
        ("nothing is kept by browsers", '"cache-control": "no-store"', '"cache-control": "private"'),
    ),
    *_in(
        f"{LAYER}/aws.py",
        "tests/functions/test_redeem_link.py",
        ("the time that is left", "_clock.left() < 1000 * needed", "False"),
    ),
    *_in(
        f"{LAYER}/aws.py",
        "tests/test_aws.py",
        ("an answer that breaks off", "if response and _breaks_off(response[0]):", "if False:"),
    ),
    *_in(
        f"{LAYER}/rules/addresses.py",
        "tests/rules/test_addresses.py",
        ("a domain that becomes another", "_becomes_another(_lower(domain))", "False"),
        ("an address that goes on after a plain one", "_PLAIN.fullmatch(lowered)", "_PLAIN.match(lowered)"),
    ),
    *_in(
        f"{LAYER}/caches.py",
        "tests/test_caches.py tests/test_keys.py",
        ("an old key, when no newer can be read", "seconds(kept.value) + STALE_SECONDS", "10 * STALE_SECONDS"),
        ("a refresh that takes too long", "within(REFRESH_SECONDS, ", "within(60, "),
        ("a refresh that has just failed", "if self._is_due(name, now) and ", "if "),
    ),
    *_in(
        f"{LAYER}/store/practices.py",
        "tests/store/test_practices.py",
        ("a practice that is gone, in an outage", "        _cache.forget(slug)\n        raise\n", "        raise\n"),
    ),
    *_in(
        f"{LAYER}/google.py",
        "tests/google/test_conversation.py",
        ("keys of Google's that may not be kept", "if found.fresh_seconds <= 0:", "if False:"),
    ),
]

MAIL = [
    *_in(
        f"{LAYER}/rules/jobs.py",
        "tests/rules/test_jobs.py",
        ("a promise of before a disable", " or account.epoch != job.epoch", ""),
        ("consent", "if not account.email_ok:", "if False:"),
        ("an address that bounced", "if account.suppressed:", "if False:"),
        ("a promise that is too old", "if job.asked_at // 1000 + KEEP_SECONDS <= now:", "if False:"),
    ),
    *_in(
        _function("send_mail"),
        "tests/functions/test_send_mail.py",
        (
            "the stored address",
            "address=account.address,\n        language=account.language,\n        url",
            "address='typed@example.com',\n        language=account.language,\n        url",
        ),
    ),
    *_in(
        f"{LAYER}/mail/ses.py",
        "tests/functions/test_send_mail.py",
        ("links that nobody rewrites", '"ClickTrackingEnabled": "DISABLED"', '"ClickTrackingEnabled": "ENABLED"'),
        ("mail that SES will never take", "if code in FINAL:", "if False:"),
    ),
    *_in(
        f"{LAYER}/store/accounts.py",
        "tests/functions/test_mail_events.py",
        ("reports that a later mail has overtaken", "(AccountItem.message_id == report.message) & ", ""),
        ("reports that come late", " & AccountItem.email_status.is_in(*mails.earlier(report.status))", ""),
        (
            "reports about another practice",
            "(AccountItem.practice == report.practice)",
            "AccountItem.key.exists()",
        ),
        (
            "reports of mail from before a confirmation",
            "& (AccountItem.confirmed_at.does_not_exist() | (AccountItem.confirmed_at <= report.sent_at))",
            "",
        ),
    ),
]

CLINICIANS = [
    *_in(
        f"{LAYER}/admin/claims.py",
        "tests/admin/test_authorisation.py",
        ("the issuer of a token", "if not told.token_issuer or issuer != told.token_issuer:", "if False:"),
        ("a token for something else", '!= "access":', '== "":'),
        ("the client of a token", "if client not in told.token_client_ids:", "if False:"),
        (
            "the scope of a token",
            "if not told.token_scope or told.token_scope not in",
            "if False and told.token_scope not in",
        ),
    ),
    *_in(
        f"{LAYER}/admin/door.py",
        "tests/admin/test_authorisation.py",
        (
            "who is a member",
            "    if role is None:\n        _note_stranger(request, slug, subject)\n        raise NotYours\n",
            "    role = role or type(rule.role).CLINICIAN\n",
        ),
        ("what a role may do", "    if role < rule.role:\n", "    if False:\n"),
        ("who came and is no member", "        _note_stranger(request, slug, subject)\n", ""),
    ),
    *_in(
        f"{LAYER}/rules/access.py",
        "tests/admin/test_contacts.py",
        (
            "a contact's consent that is taken back",
            "email_ok=contact.email.email_ok if granted.owner is None else",
            "email_ok=contact.email.email_ok or",
        ),
        (
            "a client's own consent",
            "contact.email.email_ok if granted.owner is None else granted.email_ok",
            "contact.email.email_ok",
        ),
        ("who confirms a contact's address", "and contact.email.email_ok and again:", "and contact.email.email_ok:"),
        (
            "who confirms a client's own address",
            "if granted.owner is None and contact.email.email_ok and again:",
            "if contact.email.email_ok and again:",
        ),
        ("a contact's next Google account", "replace(_ended(left, now), google=None)", "_ended(left, now)"),
    ),
    *_in(
        f"{LAYER}/rules/access.py",
        "tests/admin/test_opened_by_others.py",
        (
            "access that ends while others open the profile",
            'still be open to others.\n    """\n    _check_nobody_else(client, known)\n',
            'still be open to others.\n    """\n',
        ),
        (
            "sessions that end while others open the profile",
            'and would stay so.\n    """\n    _check_nobody_else(client, known)\n',
            'and would stay so.\n    """\n',
        ),
        (
            "a Google Account of others",
            "        _check_nobody_else(client, known)\n        return Change(client)\n",
            "        return Change(client)\n",
        ),
        ("a client who is a contact of theirs too", "        and account is not own\n", ""),
        ("a contact whose access has ended", "        and account.may_sign_in\n", ""),
    ),
    *_in(
        f"{LAYER}/rules/access.py",
        "tests/admin/test_events.py",
        ("what is told of another client", " - others\n", "\n"),
    ),
    *_in(
        f"{LAYER}/admin/diagnosis.py",
        "tests/admin/test_diagnosis.py",
        (
            "a lock that known browsers wait for",
            "known_browsers_until=rfc3339(max(known)) if known else None",
            "known_browsers_until=None",
        ),
        ("advice where no mail would come", 'return on == "pins" or self.own.can_receive_mail', "return True"),
    ),
    *_in(
        f"{LAYER}/admin/events.py",
        "tests/admin/test_events.py",
        ("what is told from before", " if event.instant // 1000 >= found.created_at]", "]"),
    ),
    *_in(
        f"{LAYER}/store/replays.py",
        "tests/admin/test_repeats.py",
        (
            "a send that is under way",
            "ReplayItem.id.does_not_exist() | (ReplayItem.expires_at <= now)",
            "ReplayItem.id.exists() | ReplayItem.id.does_not_exist()",
        ),
        ("a key that stands for another request", "if kept.request != request:", "if False:"),
        ("our own claim, whose answer was lost", "if kept.attempt == attempt:", "if False:"),
    ),
]

GUARDS = (*LINKS, *SESSIONS, *BUDGETS, *PINS, *GOOGLE, *DOOR, *MAIL, *CLINICIANS)
