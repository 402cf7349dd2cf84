"""One rehearsal: its stack, the engineer who operates it, and the clients who sign in."""

import platform
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus

from local.stack import SENDER_DOMAIN
from tools.rehearsal import inspection
from tools.rehearsal.commands import Commands
from tools.rehearsal.environment import TestEnvironment
from tools.rehearsal.errors import RehearsalError, expect
from tools.rehearsal.inbox import Inbox
from tools.rehearsal.stacks import Stack
from tools.rehearsal.users import Browser, Clinician, sign_in_at_pool

PRACTICE = "willow"
OPERATOR = "operator@example.com"

RETAINED = ("Events", "Practices", "Members", "Clients", "Accounts")
"""Tables that outlive the stack."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client on file, with an inbox and a browser."""

    id: str
    inbox: Inbox
    browser: Browser
    invitation: str
    """The link in the mail of invitation."""

    @property
    def address(self) -> str:
        """The client's email address."""
        return self.inbox.owner


def _first_parameters() -> dict[str, str]:
    return {
        "SenderDomain": SENDER_DOMAIN,
        "AlarmEmail": "alarms@example.com",
        "ClinicianCallbackUrl": "https://desk.example.com/",
        "Architecture": "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64",
    }


@dataclass(slots=True)
class Run:
    """The state that the steps of a rehearsal share. A later step finds what an earlier one left."""

    environment: TestEnvironment
    say: Callable[[str], None]
    """Prints a line."""
    commands: Commands
    parameters: dict[str, str] = field(default_factory=_first_parameters)
    """Parameters of the next deployment."""
    token: str = field(default="", repr=False)
    """The operator's access token."""
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """The password that the operator chooses."""
    clients: dict[str, Client] = field(default_factory=dict)
    """Clients by name."""
    unopened: str = ""
    """A link that nobody has opened yet."""

    @property
    def stack(self) -> Stack:
        """The stack that is deployed now."""
        return self.environment.stack

    @property
    def stack_option(self) -> tuple[str, ...]:
        """The option of `operate` that names the stack."""
        return ("--stack", self.stack.name)

    @property
    def api_option(self) -> tuple[str, ...]:
        """The option of `operate` that names the clinicians' API."""
        return ("--api", self.environment.url)

    def browser(self) -> Browser:
        """Return a browser without cookies."""
        return Browser(self.environment.url, f"https://{self.environment.host}")

    def clinician(self, practice: str = PRACTICE) -> Clinician:
        """Return a program that uses the clinicians' API with the operator's token."""
        return Clinician(self.environment.url, practice, self.token)

    def add_client(self, name: str, address: str = "", practice: str = PRACTICE) -> Client:
        """Create a client, who gets an invitation."""
        browser = self.browser()
        inbox = Inbox(self.environment.address, address or f"{name.lower()}@example.com")
        client = self.clinician(practice).add_client(name, inbox.owner)
        self.clients[name] = Client(client, inbox, browser, inbox.next_link())
        return self.clients[name]

    def request_link(self, client: Client) -> str:
        """Request a link for a client, and return it. A second request within a minute would send nothing."""
        response = self.browser().submit_form(f"/{PRACTICE}/sign-in", email=client.address)
        expect(response.status == HTTPStatus.SEE_OTHER, f"the request for a link was answered {response.status}")
        return client.inbox.next_link()

    def open(self, browser: Browser, link: str, practice: str = PRACTICE) -> None:
        """Open a link's page and submit its form. The browser is then signed in."""
        page = browser.get(link)
        expect(page.status == HTTPStatus.OK, f"the link's page was answered {page.status}")
        browser.check_sign_in(practice, browser.submit_form(link), "link")

    def delete(self) -> dict[str, str]:
        """Delete the stack. Return the physical names of what is retained, by logical id."""
        before = inspection.table_names(self.stack)
        stack_tables = {*self.stack.resources("AWS::DynamoDB::Table").values()}
        retained = self.stack.delete()
        deleted = before - inspection.table_names(self.stack)
        expect(deleted == stack_tables - {*retained.values()}, f"wrong tables are deleted: {', '.join(deleted)}")
        functions = self.environment.address.client("lambda").list_functions()["Functions"]
        expect(not functions, f"functions are left: {[function['FunctionName'] for function in functions]}")
        self.say(f"the stack is deleted; retained, as the template says: {', '.join(retained)}")
        return retained

    def reached(self, client: Client) -> Client:
        """Return the client with an inbox at the region's own SES."""
        inbox = Inbox(self.environment.address, client.address)
        return replace(client, inbox=inbox)

    def create_operator(self) -> None:
        """Create the operator, who chooses a password and gets a token.

        :raises RehearsalError: the command prints no password.
        """
        output = self.commands.run("first-operator", *self.stack_option, "--email", OPERATOR, "--no-mail")
        password = re.search(r"password.*: (\S+)", output)
        if password is None:
            raise RehearsalError(f"operate first-operator prints no password: {output}")
        self.say(output.splitlines()[0])
        browse = partial(sign_in_at_pool, email=OPERATOR, password=password[1], new_password=self.password)
        pool = f"{self.environment.address.endpoint}/oauth2/authorize"
        self.token = self.commands.token(self.stack.name, pool, browse)
        self.say("the operator has chosen a password at the user pool, and has a token")
