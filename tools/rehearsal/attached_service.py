"""A service behind the sign-in, `examples/api`, deployed beside the portal as a stack of its own."""

import importlib.util
import re
from http import HTTPStatus
from types import ModuleType

from local.stack import PROJECT
from tools.rehearsal.artifacts import Build
from tools.rehearsal.errors import RehearsalError, expect
from tools.rehearsal.nested import RUNTIME
from tools.rehearsal.run import PRACTICE, Run
from tools.rehearsal.stacks import Stack
from tools.rehearsal.users import HttpResponse, send

SERVICE, APP = PROJECT / "examples" / "api", PROJECT / "examples" / "app" / "app.py"
OTHER_PRACTICE = "harbor"
PAGE, API = f"/booking/{PRACTICE}", f"/booking/{PRACTICE}/requests"
HIDDEN_FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]+)">')


def attach(run: Run) -> None:
    """Deploy the service, use it in a browser, in an app and as a stranger, and remove it again.

    :raises RehearsalError: the service does not do what docs/integrating.md says.
    """
    gateway = run.environment.address.client("apigatewayv2")
    # The rehearsal's portal has no domain. A service needs a prefix of one, so the portal's host gets it here.
    gateway.create_domain_name(DomainName=run.environment.host)
    service = Stack("booking", run.environment.address, Build(SERVICE, run.environment.address))
    function = service.build.document["Resources"]["Booking"]["Properties"]
    function["Environment"]["Variables"]["PYTHONPATH"] = RUNTIME
    outputs = run.stack.outputs() | {"PortalDomainName": run.environment.host}
    service.deploy({name: outputs[name] for name in service.build.document["Parameters"]})
    mappings = gateway.get_api_mappings(DomainName=run.environment.host)["Items"]
    services = {mapping["ApiMappingKey"]: mapping["ApiId"] for mapping in mappings}
    run.environment.start_api_server(services)
    _use_in_browser(run)
    _use_in_app(run)
    _refuse_others(run)
    _send_notice(run, service.outputs()["SenderRole"], services)
    service.delete()
    gateway.delete_domain_name(DomainName=run.environment.host)
    del run.parameters["NoticeSenders"]
    run.environment.start_api_server()


def _use_in_browser(run: Run) -> None:
    client = run.clients["Noa"].browser
    shown = client.get(PAGE)
    expect(b"Hello Noa" in shown.body, f"the page does not know the client: {shown.status} {shown.body!r}")
    facts = client.get(API)
    expect(facts.status == HTTPStatus.OK, f"the API answers the client {facts.status}")
    expect(facts.document["practice"] == PRACTICE and b"@" not in facts.body, "the API has other facts")
    run.say("examples/api knows the client who is signed in to the portal by a cookie")


def _use_in_app(run: Run) -> None:
    app = _example_app().PortalApp(run.environment.url, PRACTICE)
    browser = run.clients["Noa"].browser
    page = browser.get(app.begin().removeprefix(run.environment.url))
    fields = dict(HIDDEN_FIELD.findall(page.body.decode()))
    back = browser.submit_form(f"/{PRACTICE}/app", **fields)
    expect(back.location.startswith(f"/{PRACTICE}/app/return?"), f"the browser does not lead to the app: {back.status}")
    signed_in = app.returned(back.location, "Noa's phone")
    expect(app.ask(API)["account"] == signed_in["account"], "the API takes the app for someone else")
    former = app.session_token
    _check_closed(run, f"{former[:-1]}{'A' if former[-1] != 'A' else 'B'}", "a forged token")
    app.renew()
    _check_closed(run, former, "a token that was replaced")
    last = app.session_token
    app.sign_out()
    _check_closed(run, last, "a token of an app that has signed out")
    run.say("it knows the app of examples/app by its token, and refuses tokens that are forged, replaced or signed out")


def _refuse_others(run: Run) -> None:
    options = ("--slug", OTHER_PRACTICE, "--name", "Harbor Family Therapy", "--phone", "(555) 010-0177")
    run.commands.run("practice", *run.stack_option, *run.api_option, *options, LATCHKEY_TOKEN=run.token)
    kim = run.add_client("Kim", practice=OTHER_PRACTICE)
    run.open(kim.browser, kim.invitation, OTHER_PRACTICE)
    forger = run.browser()
    forger.cookies[f"__Host-session-{PRACTICE}"] = kim.browser.cookies[f"__Host-session-{OTHER_PRACTICE}"]
    for who, browser in {
        "a stranger": run.browser(),
        "a client of another practice": kim.browser,
        "a forger": forger,
    }.items():
        away = browser.get(PAGE)
        expect(away.location == f"/{PRACTICE}/sign-in?to={PAGE}", f"{who} at the page is answered {away.status}")
        closed = browser.get(API).status
        expect(closed == HTTPStatus.FORBIDDEN, f"{who} at the API is answered {closed}")
    for browser, practice in ((kim.browser, OTHER_PRACTICE), (run.clients["Noa"].browser, PRACTICE)) * 2:
        facts = browser.get(f"/booking/{practice}/requests").document
        expect(facts["practice"] == practice, f"the client of {practice} is taken for one of {facts['practice']}")
    run.say("a stranger and a client of another practice are sent to sign in by the page, and refused by the API")


def _send_notice(run: Run, role: str, services: dict[str, str]) -> None:
    noa = run.clients["Noa"]
    refused = noa.browser.submit_form(API).status
    expect(refused >= HTTPStatus.INTERNAL_SERVER_ERROR, f"a role that is not named may send a notice: {refused}")
    run.parameters["NoticeSenders"] = role
    run.stack.deploy(run.parameters)
    run.environment.start_api_server(services)
    sent = noa.browser.submit_form(API).status
    expect(sent == HTTPStatus.OK, f"the service cannot send a notice: {sent}")
    text = noa.inbox.wait_for("We received your request")
    expect(f"https://{run.environment.host}{PAGE}" in text, "the notice does not lead back to the service")
    run.say("its role may send a notice only after NoticeSenders names it. The client got the letter")


def _ask_as_app(run: Run, token: str) -> HttpResponse:
    return send("GET", f"{run.environment.url}{API}", headers={"Authorization": f"Bearer {token}"})


def _check_closed(run: Run, token: str, what: str) -> None:
    status = _ask_as_app(run, token).status
    expect(status == HTTPStatus.FORBIDDEN, f"{what} is answered {status}")


def _example_app() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_app", APP)
    if spec is None or spec.loader is None:
        raise RehearsalError(f"{APP} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
