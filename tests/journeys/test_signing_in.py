"""Tests of sign-in by a mailed link, from the first page to the last."""

from concurrent.futures import ThreadPoolExecutor

from tests.kit.live_portal import LivePortal

ANA, MARIA, LUIS = "ana@example.com", "maria.gomez@gmail.com", "luis@example.com"


def test_a_client_asks_for_a_link_and_is_in_as_soon_as_it_is_opened(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    landing = browser.get("/willow")
    form = browser.get(landing.page.links["I’m an existing client"])
    requested = browser.request_link(ANA)
    sent = browser.follow(requested)
    opened = browser.get(live_portal.letter(ANA)["url"])
    home = browser.follow(opened)

    assert (landing.status, form.status, requested.status, sent.status, home.status) == (200, 200, 303, 200, 200)
    assert form.page.buttons[0] == "Send link"
    assert requested.location == "/willow/sign-in/sent"
    assert (sent.page.heading, ANA in sent.page.text) == ("Check your email", True)
    assert opened.location == "/willow/home"
    assert home.page.heading == "Welcome, Ana Reyes"


def test_anyone_who_signs_out_is_out(live_portal: LivePortal) -> None:
    before = live_portal.sessions()
    browser = live_portal.signed_in(ANA)
    cookies = dict(browser.cookies)
    left = browser.post("/willow/sign-out")
    goodbye = browser.follow(left)
    browser.cookies = cookies

    assert left.location == "/willow/signed-out"
    assert left.headers["clear-site-data"] == '"cache", "storage"'
    assert left.morsels["__Host-session-willow"]["max-age"] == "0"
    assert goodbye.page.heading == "You’re signed out"
    assert "Also sign out of your email" in goodbye.page.text
    assert browser.get("/willow/home").location == "/willow/sign-in"
    assert browser.get("/willow/session").status == 401
    assert live_portal.sessions() <= before


def test_opening_sign_out_without_pressing_it_does_nothing(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)

    assert browser.get("/willow/sign-out").status == 405
    assert browser.get("/willow/session").status == 200


def test_another_browser_has_to_confirm_first_and_only_it_is_signed_in(live_portal: LivePortal) -> None:
    computer, phone = live_portal.browser(), live_portal.browser()
    computer.request_link(ANA)
    link = live_portal.letter(ANA)["url"]
    question = phone.get(link)
    pressed = phone.post(link)

    assert question.status == 200
    assert question.page.heading == "Sign in to your Client Portal"
    assert "a•••@example.com" in question.page.text
    assert ANA not in question.body
    assert question.page.buttons[0] == "Sign in on this device"
    assert pressed.location == "/willow/home"
    assert phone.get("/willow/session").status == 200
    assert computer.get("/willow/session").status == 401


def test_an_app_signs_in_with_json_alone(live_portal: LivePortal) -> None:
    app = live_portal.app()
    requested = app.request_link(ANA)
    link = live_portal.letter(ANA)["url"]
    elsewhere = live_portal.app()
    question = elsewhere.get(link)
    opened = elsewhere.post(link)
    document = elsewhere.get("/willow/session")

    assert (requested.status, requested.document) == (202, {"status": "sent"})
    assert question.document == {"status": "confirm", "email": "a•••@example.com"}
    assert opened.status == 200
    assert opened.document == document.document
    assert document.headers["content-type"].partition(";")[0] == "application/json"
    (ana,) = live_portal.items("Accounts", practice="willow", address=ANA)
    response = document.document
    assert response["account"] == ana["id"]
    assert response["profiles"] == [{"id": response["profile"], "name": "Ana Reyes", "kind": "individual"}]
    assert response["features"] == {"appointments": True, "messages": True, "documents": True, "payments": True}
    assert response["method"] == "link"
    assert (elsewhere.post("/willow/sign-out").document, elsewhere.get("/willow/session").code) == (
        {"status": "signed_out"},
        "signed_out",
    )


def test_the_app_that_requested_it_is_in_as_soon_as_it_opens_the_link(live_portal: LivePortal) -> None:
    app = live_portal.app()
    app.request_link(ANA)
    opened = app.get(live_portal.letter(ANA)["url"])

    assert opened.status == 200
    assert opened.document["method"] == "link"


def test_a_guardian_chooses_a_profile_and_can_switch(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    arrived = browser.post(live_portal.link(MARIA))
    choice = browser.follow(arrived)
    undecided = browser.get("/willow/session").document
    leo = next(profile["id"] for profile in undecided["profiles"] if profile["name"] == "Leo Gomez")
    before = browser.get("/willow/home")
    chosen = browser.post("/willow/profiles", {"profile": leo})
    home = browser.follow(chosen)

    assert arrived.location == "/willow/profiles"
    assert choice.page.heading == "Choose a profile"
    names = ["Maria Gomez", "Maria & Daniel Gomez", "Leo Gomez", "Emma Gomez"]
    assert [profile["name"] for profile in undecided["profiles"]] == names
    assert all(name in button for button, name in zip(choice.page.buttons, names, strict=False))
    assert undecided["profile"] is None
    assert before.location == "/willow/profiles"
    assert "Leo Gomez" in home.page.text
    assert home.page.links["Switch profile"] == "/willow/profiles"
    assert browser.get("/willow/session").document["profile"] == leo


def test_nobody_opens_a_profile_that_was_not_given_to_them(live_portal: LivePortal) -> None:
    guardian = live_portal.signed_in(MARIA)
    (ana,) = live_portal.items("Accounts", practice="willow", address=ANA)
    theirs = ana["profiles"][0]["id"]
    app = live_portal.app()
    app.cookies = guardian.cookies

    assert guardian.post("/willow/profiles", {"profile": theirs}).status == 404
    assert app.post("/willow/profiles", {"profile": theirs}).code == "profile_unknown"
    assert guardian.post("/willow/profiles").status == 404
    assert guardian.get("/willow/session").document["profile"] is None


def test_a_client_who_never_signed_in_is_welcomed_once(live_portal: LivePortal) -> None:
    address = live_portal.fresh_client()
    browser = live_portal.browser()
    browser.post(live_portal.letter(address)["url"])
    first = browser.get("/willow/home").page
    browser.get("/willow/home")
    started = browser.post("/willow/home")
    second = browser.get("/willow/home").page
    live_portal.wait(3600)
    later = live_portal.signed_in(address).get("/willow/home").page

    assert "Everything you find here, you can also ask me in our next session." in first.text
    assert "Get Started" in first.buttons
    assert first.links["Before your first visit"] == started.location == "/willow/help"
    assert "Before your first visit" in second.links
    assert "You last signed in" not in first.text
    assert "Everything you find here" not in second.text
    assert "Get Started" not in second.buttons
    assert "Get Started" not in later.buttons
    assert "You last signed in" in later.text


def test_a_second_press_within_a_minute_sends_nothing_and_keeps_the_first_link(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    browser.request_link(ANA)
    link = live_portal.letter(ANA)["url"]
    live_portal.wait(50)
    repeated = browser.request_link(ANA)
    page = browser.follow(repeated).page

    assert (repeated.status, repeated.location) == (303, "/willow/sign-in/sent")
    assert "We just sent you a link." in page.text
    assert len(live_portal.letters(ANA)) == 1
    assert browser.get(link).location == "/willow/home"


def test_after_a_minute_another_link_can_be_had(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    browser.request_link(ANA)
    live_portal.letter(ANA)
    live_portal.wait(60)
    page = browser.follow(browser.request_link(ANA)).page

    assert "We just sent you a link." not in page.text
    assert len(live_portal.letters(ANA)) == 2


def test_pressing_twice_at_once_sends_one_mail_and_gives_one_answer(live_portal: LivePortal) -> None:
    app = live_portal.app()
    with ThreadPoolExecutor(2) as hands:
        answers = list(hands.map(lambda _: app.request_link(ANA), range(2)))

    assert [(answer.status, answer.document) for answer in answers] == [(202, {"status": "sent"})] * 2
    assert len(live_portal.letters(ANA)) == 1


def test_a_link_can_be_requested_and_used_day_after_day(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    for _ in range(5):
        browser.request_link(ANA)
        assert browser.get(live_portal.letters(ANA)[0]["url"]).location == "/willow/home"
        browser.post("/willow/sign-out")
        live_portal.wait(10 * 3600)

    assert len(live_portal.letters(ANA)) == 5


def test_anyone_who_is_signed_in_is_not_requested_to_sign_in(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)

    assert browser.get("/willow/sign-in").location == "/willow/home"
    assert browser.get("/willow").page.links["Go to the Client Portal"] == "/willow/home"


def test_a_used_link_redirects_home_only_the_account_that_it_signed_in(live_portal: LivePortal) -> None:
    link = live_portal.link(ANA)
    browser = live_portal.browser()
    browser.post(link)
    sessions = live_portal.sessions()

    assert browser.get(link).location == "/willow/home"
    assert browser.post(link).location == "/willow/home"
    assert live_portal.browser().get(link).status == 410
    assert live_portal.browser().post(link).status == 410
    assert live_portal.sessions() == sessions


def test_another_persons_link_asks_before_it_switches_accounts(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    link = live_portal.link(LUIS)
    question = browser.post(link)
    still = browser.get("/willow/home").page
    app = live_portal.app()
    app.cookies = dict(browser.cookies)
    code = app.post(link).code
    switched = browser.post(link, {"switch": "yes"})

    assert question.status == 200
    assert question.page.heading == "Do you want to switch to another account?"
    assert "Ana Reyes is signed in here." in question.page.text
    assert question.page.links["Stay signed in as Ana Reyes"] == "/willow/home"
    assert still.heading == "Welcome, Ana Reyes"
    assert code == "account_switch"
    assert switched.location == "/willow/home"
    assert "Luis Ortega" in browser.get("/willow/home").page.heading
    assert app.get("/willow/session").status == 401, "the first session is over"


def test_the_browser_that_requested_it_has_to_confirm_before_switching_too(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    browser.post("/willow/sign-in", {"email": LUIS})
    question = browser.get(live_portal.letter(LUIS)["url"])

    assert question.status == 200
    assert question.page.heading == "Do you want to switch to another account?"
    assert "Ana Reyes" in browser.get("/willow/home").page.heading


def test_pages_are_in_spanish_for_a_spanish_browser(live_portal: LivePortal) -> None:
    browser = live_portal.browser(accept_language="es-MX,es;q=0.9,en;q=0.5")
    landing = browser.get("/willow").page
    form = browser.get("/willow/sign-in").page
    wrong = browser.request_link("nobody@example.com").page
    sent = browser.follow(browser.request_link(LUIS)).page
    home = browser.follow(browser.get(live_portal.letter(LUIS)["url"])).page
    left = browser.follow(browser.post("/willow/sign-out")).page

    assert "Soy un cliente existente" in landing.links
    assert form.heading == "Inicie sesión en su Portal de clientes"
    assert form.buttons[0] == "Enviar enlace"
    assert "No tenemos registrado ese correo electrónico" in wrong.text
    assert sent.heading == "Revise su correo"
    assert home.heading == "Le damos la bienvenida, Luis Ortega"
    assert left.heading == "Cerró su sesión"


def test_a_language_chosen_on_a_page_stays_chosen(live_portal: LivePortal) -> None:
    browser = live_portal.browser(accept_language="en")

    assert browser.get("/willow?lang=es").page.one("html").attributes["lang"] == "es"
    assert browser.get("/willow/sign-in").page.one("html").attributes["lang"] == "es"
    assert browser.get("/willow/sign-in?lang=en").page.one("html").attributes["lang"] == "en"
    assert browser.get("/willow").page.one("html").attributes["lang"] == "en"
    assert browser.get("/willow?lang=xx").page.one("html").attributes["lang"] == "en"
