"""Signing in by an emailed link, from the first page to the last."""

from concurrent.futures import ThreadPoolExecutor

from tests.kit.live_portal import Town

ANA, MARIA, LUIS = "ana@example.com", "maria.gomez@gmail.com", "luis@example.com"


def test_a_client_asks_for_a_link_and_is_in_as_soon_as_it_is_opened(town: Town) -> None:
    browser = town.browser()
    landing = browser.get("/willow")
    form = browser.get(landing.page.links["I’m an existing client"])
    asked = browser.ask("willow", ANA)
    sent = browser.follow(asked)
    opened = browser.get(town.letter(ANA)["url"])
    home = browser.follow(opened)

    assert (landing.status, form.status, asked.status, sent.status, home.status) == (200, 200, 303, 200, 200)
    assert form.page.buttons[0] == "Send link"
    assert asked.location == "/willow/sign-in/sent"
    assert (sent.page.heading, ANA in sent.page.text) == ("Your link is on its way", True)
    assert opened.location == "/willow/home"
    assert home.page.heading == "Welcome, Ana Reyes"


def test_whoever_signs_out_is_out(town: Town) -> None:
    before = town.items("Sessions")
    browser = town.signed_in("willow", ANA)
    cookies = dict(browser.cookies)
    left = browser.press("/willow/sign-out")
    goodbye = browser.follow(left)
    browser.cookies = cookies

    assert left.location == "/willow/signed-out"
    assert left.headers["clear-site-data"] == '"cache", "storage"'
    assert left.cookies["__Host-session-willow"]["max-age"] == "0"
    assert goodbye.page.heading == "You’re signed out"
    assert "also sign out of your email" in goodbye.page.text
    assert browser.get("/willow/home").location == "/willow/sign-in"
    assert browser.get("/willow/session").status == 401
    assert town.items("Sessions") == before


def test_opening_sign_out_without_pressing_it_does_nothing(town: Town) -> None:
    browser = town.signed_in("willow", ANA)

    assert browser.get("/willow/sign-out").status == 405
    assert browser.get("/willow/session").status == 200


def test_another_browser_is_asked_first_and_only_it_is_signed_in(town: Town) -> None:
    computer, phone = town.browser(), town.browser()
    computer.ask("willow", ANA)
    link = town.letter(ANA)["url"]
    question = phone.get(link)
    pressed = phone.press(link)

    assert question.status == 200
    assert question.page.heading == "Sign in to your Client Portal"
    assert "a•••@example.com" in question.page.text
    assert ANA not in question.body.decode()
    assert question.page.buttons[0] == "Sign in"
    assert pressed.location == "/willow/home"
    assert phone.get("/willow/session").status == 200
    assert computer.get("/willow/session").status == 401


def test_an_app_signs_in_with_json_alone(town: Town) -> None:
    app = town.app()
    asked = app.ask("willow", ANA)
    link = town.letter(ANA)["url"]
    elsewhere = town.app()
    question = elsewhere.get(link)
    opened = elsewhere.post(link)
    document = elsewhere.get("/willow/session")

    assert (asked.status, asked.document) == (202, {"status": "sent"})
    assert question.document == {"status": "confirm", "email": "a•••@example.com"}
    assert opened.status == 200
    assert opened.document == document.document
    assert document.headers.get_content_type() == "application/json"
    (ana,) = town.items("Accounts", practice="willow", address=ANA)
    told = document.document
    assert told["account"] == ana["id"]
    assert told["profiles"] == [{"id": told["profile"], "name": "Ana Reyes", "kind": "individual"}]
    assert told["features"] == {"appointments": True, "messages": True, "documents": True, "payments": True}
    assert told["method"] == "link"
    assert (elsewhere.post("/willow/sign-out").document, elsewhere.get("/willow/session").code) == (
        {"status": "signed_out"},
        "signed_out",
    )


def test_the_app_that_asked_is_in_as_soon_as_it_opens_the_link(town: Town) -> None:
    app = town.app()
    app.ask("willow", ANA)
    opened = app.get(town.letter(ANA)["url"])

    assert opened.status == 200
    assert opened.document["method"] == "link"


def test_a_guardian_chooses_whose_portal_to_open_and_can_switch(town: Town) -> None:
    browser = town.browser()
    arrived = browser.press(town.link("willow", MARIA))
    choice = browser.follow(arrived)
    undecided = browser.get("/willow/session").document
    leo = next(profile["id"] for profile in undecided["profiles"] if profile["name"] == "Leo Gomez")
    before = browser.get("/willow/home")
    chosen = browser.press("/willow/profiles", profile=leo)
    home = browser.follow(chosen)

    assert arrived.location == "/willow/profiles"
    assert choice.page.heading == "Choose a profile"
    names = ["Maria Gomez", "Maria & Daniel Gomez", "Leo Gomez", "Emma Gomez"]
    assert [profile["name"] for profile in undecided["profiles"]] == names
    assert [button[-len(name) :] for button, name in zip(choice.page.buttons, names, strict=False)] == names
    assert undecided["profile"] is None
    assert before.location == "/willow/profiles"
    assert "Leo Gomez" in home.page.text
    assert home.page.links["Switch profile"] == "/willow/profiles"
    assert browser.get("/willow/session").document["profile"] == leo


def test_nobody_opens_a_profile_that_was_not_given_to_them(town: Town) -> None:
    guardian = town.signed_in("willow", MARIA)
    (ana,) = town.items("Accounts", practice="willow", address=ANA)
    theirs = ana["profiles"][0]["id"]
    app = town.app()
    app.cookies = guardian.cookies

    assert guardian.press("/willow/profiles", profile=theirs).status == 404
    assert app.post("/willow/profiles", profile=theirs).code == "profile_unknown"
    assert guardian.press("/willow/profiles").status == 404
    assert guardian.get("/willow/session").document["profile"] is None


def test_whoever_never_signed_in_is_welcomed_once(town: Town) -> None:
    address = town.newcomer()
    browser = town.browser()
    browser.press(town.letter(address)["url"])
    first = browser.get("/willow/home").page
    browser.get("/willow/home")
    started = browser.press("/willow/home")
    second = browser.follow(started).page
    town.wait(3600)
    later = town.signed_in("willow", address).get("/willow/home").page

    assert "Everything you find here, you can also ask me in our next session." in first.text
    assert "Get Started" in first.buttons
    assert "Last sign-in" not in first.text
    assert "Everything you find here" not in second.text
    assert "Get Started" not in second.buttons
    assert "Get Started" not in later.buttons
    assert "Last sign-in" in later.text


def test_a_second_press_within_a_minute_sends_nothing_and_keeps_the_first_link(town: Town) -> None:
    browser = town.browser()
    browser.ask("willow", ANA)
    link = town.letter(ANA)["url"]
    town.wait(50)
    again = browser.ask("willow", ANA)
    page = browser.follow(again).page

    assert (again.status, again.location) == (303, "/willow/sign-in/sent")
    assert "We just sent you a link." in page.text
    assert len(town.letters(ANA)) == 1
    assert browser.get(link).location == "/willow/home"


def test_after_a_minute_another_link_can_be_had(town: Town) -> None:
    browser = town.browser()
    browser.ask("willow", ANA)
    town.letter(ANA)
    town.wait(60)
    page = browser.follow(browser.ask("willow", ANA)).page

    assert "We just sent you a link." not in page.text
    assert len(town.letters(ANA)) == 2


def test_pressing_twice_at_once_sends_one_mail_and_gives_one_answer(town: Town) -> None:
    app = town.app()
    with ThreadPoolExecutor(2) as hands:
        answers = list(hands.map(lambda _: app.ask("willow", ANA), range(2)))

    assert [(answer.status, answer.document) for answer in answers] == [(202, {"status": "sent"})] * 2
    assert len(town.letters(ANA)) == 1


def test_a_link_can_be_asked_for_and_used_day_after_day(town: Town) -> None:
    browser = town.browser()
    for _ in range(5):
        browser.ask("willow", ANA)
        assert browser.get(town.letters(ANA)[0]["url"]).location == "/willow/home"
        browser.press("/willow/sign-out")
        town.wait(10 * 3600)

    assert len(town.letters(ANA)) == 5


def test_whoever_is_signed_in_is_not_asked_to_sign_in(town: Town) -> None:
    browser = town.signed_in("willow", ANA)

    assert browser.get("/willow/sign-in").location == "/willow/home"
    assert browser.get("/willow").page.links["Go to the Client Portal"] == "/willow/home"


def test_a_used_link_leads_home_whom_it_signed_in_and_nobody_else(town: Town) -> None:
    link = town.link("willow", ANA)
    browser = town.browser()
    browser.press(link)
    sessions = town.items("Sessions")

    assert browser.get(link).location == "/willow/home"
    assert browser.press(link).location == "/willow/home"
    assert town.browser().get(link).status == 410
    assert town.browser().press(link).status == 410
    assert town.items("Sessions") == sessions


def test_another_persons_link_asks_before_it_switches_accounts(town: Town) -> None:
    browser = town.signed_in("willow", ANA)
    link = town.link("willow", LUIS)
    question = browser.press(link)
    still = browser.get("/willow/home").page
    app = town.app()
    app.cookies = dict(browser.cookies)
    code = app.post(link).code
    switched = browser.press(link, switch="yes")

    assert question.status == 200
    assert question.page.heading == "Switch to another account?"
    assert "Ana Reyes is signed in on this device." in question.page.text
    assert question.page.links["Stay signed in as Ana Reyes"] == "/willow/home"
    assert still.heading == "Welcome, Ana Reyes"
    assert code == "account_switch"
    assert switched.location == "/willow/home"
    assert "Luis Ortega" in browser.get("/willow/home").page.heading
    assert app.get("/willow/session").status == 401, "the first session is over"


def test_the_browser_that_asked_is_asked_before_switching_too(town: Town) -> None:
    browser = town.signed_in("willow", ANA)
    browser.press("/willow/sign-in", email=LUIS)
    question = browser.get(town.letter(LUIS)["url"])

    assert question.status == 200
    assert question.page.heading == "Switch to another account?"
    assert "Ana Reyes" in browser.get("/willow/home").page.heading


def test_everything_is_in_spanish_for_whom_the_browser_says_so(town: Town) -> None:
    browser = town.browser(speaks="es-MX,es;q=0.9,en;q=0.5")
    landing = browser.get("/willow").page
    form = browser.get("/willow/sign-in").page
    wrong = browser.ask("willow", "nobody@example.com").page
    sent = browser.follow(browser.ask("willow", LUIS)).page
    home = browser.follow(browser.get(town.letter(LUIS)["url"])).page
    left = browser.follow(browser.press("/willow/sign-out")).page

    assert "Soy un cliente existente" in landing.links
    assert form.heading == "Inicie sesión en su Portal de clientes"
    assert form.buttons[0] == "Enviar enlace"
    assert "No tenemos registrada esa dirección de correo electrónico" in wrong.text
    assert sent.heading == "Su enlace está en camino"
    assert home.heading == "Le damos la bienvenida, Luis Ortega"
    assert left.heading == "Ha cerrado la sesión"


def test_a_language_chosen_on_a_page_stays_chosen(town: Town) -> None:
    browser = town.browser(speaks="en")

    assert browser.get("/willow?lang=es").page.one("html").attributes["lang"] == "es"
    assert browser.get("/willow/sign-in").page.one("html").attributes["lang"] == "es"
    assert browser.get("/willow/sign-in?lang=en").page.one("html").attributes["lang"] == "en"
    assert browser.get("/willow").page.one("html").attributes["lang"] == "en"
    assert browser.get("/willow?lang=xx").page.one("html").attributes["lang"] == "en"
