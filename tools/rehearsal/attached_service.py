"""A service behind the sign-in, `examples/api`, deployed beside the portal as its own stack."""

from collections.abc import Callable
from http import HTTPStatus

from local.stack import PROJECT
from tools.rehearsal.artifacts import Build
from tools.rehearsal.environment import TestEnvironment
from tools.rehearsal.errors import expect
from tools.rehearsal.inbox import Inbox
from tools.rehearsal.stacks import Stack
from tools.rehearsal.users import Browser

EXAMPLE = PROJECT / "examples" / "api"


def attach(
    environment: TestEnvironment,
    parameters: dict[str, str],
    practice: str,
    client: Browser,
    inbox: Inbox,
    say: Callable[[str], None],
) -> None:
    """Deploy the service, use it as `client`, who is signed in, and as a stranger, and remove it again.

    `parameters` are those of the portal's stack. The service's role stays among them, in `NoticeSenders`.

    :raises RehearsalError: the service does not do what docs/integrating.md says.
    """
    gateway = environment.address.client("apigatewayv2")
    # The rehearsal's portal has no domain. A service needs a prefix of one, so the portal's host gets it here.
    gateway.create_domain_name(DomainName=environment.host)
    service = Stack("booking", environment.address, Build(EXAMPLE, environment.address))
    given = environment.stack.outputs() | {"PortalDomainName": environment.host}
    service.deploy({name: given[name] for name in service.build.document["Parameters"]})
    mappings = gateway.get_api_mappings(DomainName=environment.host)["Items"]
    services = {mapping["ApiMappingKey"]: mapping["ApiId"] for mapping in mappings}
    environment.start_api_server(services)
    page, api = f"/booking/{practice}", f"/booking/{practice}/requests"
    _use(Browser(environment.url, client.origin), client, practice, page, api)
    say("examples/api knows the client who is signed in to the portal. A stranger is sent to sign in")

    refused = client.submit_form(api).status
    expect(refused >= HTTPStatus.INTERNAL_SERVER_ERROR, f"a role that is not named may send a notice: {refused}")
    parameters["NoticeSenders"] = service.outputs()["SenderRole"]
    environment.stack.deploy(parameters)
    environment.start_api_server(services)
    sent = client.submit_form(api).status
    expect(sent == HTTPStatus.OK, f"the service cannot send a notice: {sent}")
    text = inbox.wait_for("We received your request")
    expect(f"https://{environment.host}{page}" in text, "the notice does not lead back to the service")
    say("its role may send a notice only after NoticeSenders names it. The client got the letter")

    service.delete()
    gateway.delete_domain_name(DomainName=environment.host)
    environment.start_api_server()


def _use(stranger: Browser, client: Browser, practice: str, page: str, api: str) -> None:
    away = stranger.get(page)
    expect(away.location == f"/{practice}/sign-in?to={page}", f"a stranger at the page: {away.status}")
    closed = stranger.get(api).status
    expect(closed == HTTPStatus.UNAUTHORIZED, f"a stranger at the API is answered {closed}")
    shown = client.get(page)
    expect(b"Hello Noa" in shown.body, f"the page does not know the client: {shown.status} {shown.body!r}")
    facts = client.get(api)
    expect(facts.status == HTTPStatus.OK, f"the API answers the client {facts.status}")
    expect(facts.document["practice"] == practice and b"@" not in facts.body, "the API has other facts")
