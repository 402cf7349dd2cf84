"""The scenario of a rehearsal: an engineer operates a stack from first deployment to removal, and users sign in."""

import json
import platform
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from local.oidc_provider import ACCOUNTS
from local.stack import BUILD, SENDER_DOMAIN
from tools.rehearsal import copies, inspection
from tools.rehearsal.commands import Commands
from tools.rehearsal.environment import TestEnvironment
from tools.rehearsal.errors import RehearsalError, expect
from tools.rehearsal.inbox import Inbox
from tools.rehearsal.stacks import Stack
from tools.rehearsal.users import FORM, Browser, Clinician, ConsoleUser, send, sign_in_at_pool

PRACTICE = "willow"
OPERATOR = "operator@example.com"
MARIA = ACCOUNTS[0]
"""A person with an account at the provider, on file with its address."""
NEXT_VERSION = "0.0.0+rehearsal"
MODULE = "python/latchkey/__init__.py"

RETAINED = ("Events", "Practices", "Members", "Clients", "Accounts")
"""Tables that outlive the stack."""
COPIED = ("Events", "Practices", "Clients", "Accounts")
"""Tables that move to another region, in the order in which they are restored. Members get new subjects there."""

type Say = Callable[[str], None]
type ScenarioStep = tuple[str, Callable[[], None]]
"""The title of a step, and the function that runs it."""


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


class Scenario:
    """All steps, in order. A step raises RehearsalError at the first difference from the documentation."""

    def __init__(self, environment: TestEnvironment, say: Say) -> None:
        self._environment, self._say = environment, say
        self._commands = Commands(environment.address)
        self._parameters = {
            "SenderDomain": SENDER_DOMAIN,
            "AlarmEmail": "alarms@example.com",
            "ClinicianCallbackUrl": "https://desk.example.com/",
            "Architecture": "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64",
        }
        self._api = ("--api", environment.url)
        self._token = ""
        self._password = secrets.token_urlsafe(24)
        """The password that the operator chooses."""
        self._clients: dict[str, Client] = {}
        self._unopened = ""
        self.steps: tuple[ScenarioStep, ...] = (
            ("First deployment", self._deploy),
            ("First operator and first practice", self._create_practice),
            ("Sign-in by an invitation", self._sign_in_by_link),
            ("Mail status", self._report),
            ("Sign-in by PIN", self._sign_in_by_pin),
            ("Help for a locked-out client, in the console", self._help_in_console),
            ("Sign-in with Google", self._sign_in_with_provider),
            ("Key rotation", self._rotate),
            ("Update to the next version", self._update),
            ("Restore of a table", self._restore),
            ("Export and erasure of a client", self._erase),
            ("Audit archive", self._verify_audit),
            ("Protection from deletion", self._protect),
            ("Removal and return", self._reinstall),
            ("A region that is lost", self._lose_region),
            ("Removal", self._remove),
        )

    @property
    def _stack(self) -> Stack:
        return self._environment.stack

    @property
    def _stack_option(self) -> tuple[str, ...]:
        return ("--stack", self._stack.name)

    def _deploy(self) -> None:
        for line in self._stack.deploy(self._parameters):
            self._say(f"adapted: {line}")
        for name, value in self._stack.outputs().items():
            self._say(f"{name} = {value}")
        self._environment.start_api_server()
        # ministack's own API Gateway has the same routes. It only drops cookies.
        gateway = self._environment.address.endpoint
        health = send("GET", f"{gateway}/healthz", headers={"Host": self._environment.host})
        expect(health.status == HTTPStatus.OK, f"/healthz at ministack's own API Gateway: {health.status}")
        closed = send("GET", f"{gateway}/admin/v1/practices/{PRACTICE}", headers={"Host": self._environment.host})
        expect(closed.status == HTTPStatus.UNAUTHORIZED, f"the clinicians' API without a token: {closed.status}")
        self._say(f"{inspection.check_alarms(self._stack)} alarms watch every function and every table")
        self._say(f"/healthz says {health.document}, and the clinicians' API asks for a token")

    def _create_practice(self) -> None:
        self._create_operator()
        options = ("--slug", PRACTICE, "--name", "Willow Creek Counseling", "--phone", "(555) 010-0142")
        output = self._commands.run("practice", *self._stack_option, *self._api, *options, LATCHKEY_TOKEN=self._token)
        self._say(output.strip())

    def _create_operator(self) -> None:
        output = self._commands.run("first-operator", *self._stack_option, "--email", OPERATOR, "--no-mail")
        password = re.search(r"password.*: (\S+)", output)
        if password is None:
            raise RehearsalError(f"operate first-operator prints no password: {output}")
        self._say(output.splitlines()[0])
        browse = partial(sign_in_at_pool, email=OPERATOR, password=password[1], new_password=self._password)
        pool = f"{self._environment.address.endpoint}/oauth2/authorize"
        self._token = self._commands.token(self._stack.name, pool, browse)
        self._say("the operator has chosen a password at the user pool, and has a token")

    def _sign_in_by_link(self) -> None:
        noa = self._add_client("Noa")
        self._open(noa.browser, noa.invitation)
        self._say("a client was invited, SES has sent the mail, and its link has signed the client in")

    def _report(self) -> None:
        noa = self._clients["Noa"]
        tags = {"practice": [PRACTICE], "account": [inspection.account_key(self._stack, noa.address)]}
        mail = {"messageId": noa.inbox.mails()[0]["MessageId"], "tags": tags}
        event = {"source": "aws.ses", "detail": {"eventType": "Delivery", "mail": mail, "delivery": {}}}
        # Invoke the function as EventBridge does: nobody may send events in the name of SES.
        response = self._environment.address.client("lambda").invoke(
            FunctionName=f"{self._stack.resource('MailEvents')}:live", Payload=json.dumps(event)
        )
        expect("FunctionError" not in response, "MailEvents fails")
        status = self._clinician().request("GET", f"/clients/{noa.id}/portal-access", 200)["email_status"]
        expect(status == "delivered", f"the clinician sees that the mail is {status}")
        self._say("the clinician sees that SES has delivered the mail")

    def _sign_in_by_pin(self) -> None:
        noa = self._clients["Noa"]
        pin = self._clinician().request("POST", f"/clients/{noa.id}/pin-codes", 201)["pin"]
        browser = self._browser()
        browser.check_sign_in(PRACTICE, browser.submit_form(f"/{PRACTICE}/pin", email=noa.address, pin=pin), "pin")
        self._say("the clinician created a PIN, and it has signed the client in with another browser")

    def _help_in_console(self) -> None:
        outputs = self._stack.outputs()
        address = outputs["ConsoleUrl"]
        expect(address == f"https://{self._environment.host}/admin", f"the outputs print {address} as the console")
        # On AWS, the pool's configuration is found by its issuer. ministack does not have that name.
        endpoint = self._environment.address.endpoint
        discovery = f"{endpoint}/{outputs['ClinicianPoolId']}/.well-known/openid-configuration"
        self._parameters |= {"ConsoleDiscoveryUrl": discovery}
        self._stack.deploy(self._parameters)
        self._environment.start_api_server()
        noa = self._clients["Noa"]
        staff = ConsoleUser(self._browser())
        page = staff.sign_in(address, partial(sign_in_at_pool, email=OPERATOR, password=self._password))
        expect("Willow Creek" in page.body.decode(), f"the console shows no practice: {page.status}")
        found = staff.open(f"/admin/{PRACTICE}/clients?q=noa")
        path = f"/admin/{PRACTICE}/clients/{noa.id}"
        expect(path in found.body.decode(), "the search for a name does not find the client")
        self._say(f"the operator is signed in to the console at {address}, and has found the client by name")
        card = staff.submit(path, f"{path}/pin")
        digits = re.search(r'class="pin"[^>]*>\s*(?:<[^>]+>\s*)*([0-9 ]{6,7})', card.body.decode())
        if digits is None:
            raise RehearsalError(f"the console shows no Pin Code: {card.status}")
        pin = digits[1].replace(" ", "")
        browser = self._browser()
        browser.check_sign_in(PRACTICE, browser.submit_form(f"/{PRACTICE}/pin", email=noa.address, pin=pin), "pin")
        answer = staff.open(f"{path}/signed-in").body.decode()
        expect("Pin Code" in answer, "the console does not say that the client is in")
        self._say("the Pin Code of the console has signed the client in, and the console says so")
        staff.sign_out()
        closed = staff.open(path)
        expect(closed.status == HTTPStatus.UNAUTHORIZED, f"after the sign-out, the page is answered {closed.status}")

    def _sign_in_with_provider(self) -> None:
        provider = self._environment.wait_for(self._environment.google.register(f"https://{self._environment.host}"))
        self._environment.address.client("secretsmanager").put_secret_value(
            SecretId=self._stack.outputs()["GoogleSecretArn"], SecretString=provider.client_secret
        )
        self._parameters |= provider.parameters()
        self._stack.deploy(self._parameters)
        self._environment.start_api_server()
        self._say("the stack was deployed again with GoogleClientId, and the client secret was stored")
        browser = self._add_client("Maria", MARIA.email).browser
        redirect = browser.submit_form(f"/{PRACTICE}/google")
        expect(
            redirect.location.startswith(self._environment.google.url),
            f"Continue with Google: {redirect.status} {redirect.location}",
        )
        approved = send("POST", redirect.location, urlencode({"sub": MARIA.subject}).encode(), {"Content-Type": FORM})
        browser.check_sign_in(PRACTICE, browser.get(approved.location), "google")
        self._say("the account with the address on file has signed in")

    def _rotate(self) -> None:
        self._unopened = self._request_link(self._clients["Noa"])
        output = self._commands.run("rotate", *self._stack_option, "--key", "LinkKey", "--at-once")
        self._say(output.splitlines()[-2])
        ring = inspection.link_keyring(self._stack)
        expect(ring.current == "2", f"LinkKey: key {ring.current} is the current one")
        expect("1" in ring.keys, "LinkKey: the old key is gone already")

    def _update(self) -> None:
        module = (BUILD / "LatchkeyLayer" / MODULE).read_text()
        updated = re.sub(r'(?<=__version__ = ")[^"]+', NEXT_VERSION, module)
        self._stack.build.replace("LatchkeyLayer", MODULE, updated)
        self._stack.build.document["Resources"]["Session"]["Properties"]["Description"] = "As of the next version"
        self._parameters |= {"LogDays": "30", "LinkHours": "12"}
        self._stack.deploy(self._parameters)
        self._environment.start_api_server()
        version = self._browser().get("/healthz").document["version"]
        expect(version == NEXT_VERSION, f"/healthz still says {version}")
        days = inspection.retention_days(self._stack)
        expect(days == {30}, f"logs are kept {days} days, and not 30")
        self._say(f"/healthz says {version}; logs are kept 30 days")
        method = self._clients["Noa"].browser.sign_in_method(PRACTICE)
        expect(method == "link", "the session of before the update has ended")
        self._say("a session of before the update is still live")
        self._open(self._browser(), self._unopened)
        self._say("a link made under the old key opens")
        link = self._request_link(self._clients["Maria"])
        key = inspection.key_of_link(self._stack, PRACTICE, link)
        expect(key == "2", f"a new link is made under key {key}")
        letter = self._clients["Maria"].inbox.mails()[-1]["BodyText"]
        expect("12 hours" in letter, "the letter does not say that its link works for 12 hours")
        self._open(self._browser(), link)
        self._say("a new link is made under the new key for 12 hours, and opens")

    def _restore(self) -> None:
        ben = self._add_client("Ben")
        self._open(ben.browser, ben.invitation)
        lost_at = datetime.now(UTC)
        dynamodb = self._environment.address.client("dynamodb")
        table = self._stack.resource("Accounts")
        # A backup replaces point-in-time recovery: ministack always restores the current items.
        backup = dynamodb.create_backup(TableName=table, BackupName="rehearsal")["BackupDetails"]["BackupArn"]
        dynamodb.restore_table_from_backup(TargetTableName=f"{table}-restored", BackupArn=backup)
        dynamodb.delete_item(TableName=table, Key={"key": {"S": inspection.account_key(self._stack, ben.address)}})
        source = ("--from-time", lost_at.isoformat(), "--from-table", f"{table}-restored")
        output = self._commands.run("restore", *self._stack_option, "--table", "Accounts", *source)
        dynamodb.delete_table(TableName=f"{table}-restored")
        self._say(f"an account was lost and restored: {'; '.join(output.splitlines()[:-1])}")
        expect(ben.browser.sign_in_method(PRACTICE) is None, "a session has come back with its account")
        response = self._browser().submit_form(ben.invitation)
        status = HTTPStatus(response.status)
        expect(status.is_client_error, f"a used link is answered {status} after the restore")
        self._say(f"the old session has ended, and the used link stays invalid: {status}")
        self._open(ben.browser, self._request_link(ben))
        self._say("a new link signs the client in")

    def _erase(self) -> None:
        ben = self._clients["Ben"]
        client = (*self._api, "--practice", PRACTICE, "--client", ben.id)
        export = json.loads(self._commands.run("export", *client, LATCHKEY_TOKEN=self._token))
        kinds = [event["kind"] for event in export["events"]]
        expect(ben.address in json.dumps(export["client"]), "the export does not hold the client's address")
        expect("session_started" in kinds, f"the export holds no sign-in, only {kinds}")
        self._say(f"the export holds the client, and {len(kinds)} events")
        output = self._commands.run("erase", *client, LATCHKEY_TOKEN=self._token)
        expect(ben.browser.sign_in_method(PRACTICE) is None, "a client who was erased is still signed in")
        self._say(f"{output.splitlines()[0]} The client is signed out.")

    def _verify_audit(self) -> None:
        written = inspection.wait_for_archive(self._stack)
        output = self._commands.run("audit", "verify", *self._stack_option)
        self._say(f"the stream has brought {written} rows to the archive")
        self._say(output.splitlines()[-1])

    def _reinstall(self) -> None:
        noa = self._clients["Noa"]
        former = self._stack.name
        retained = self._delete()
        lost = {*RETAINED, "LookupKey", "DataKey", "ClinicianPool", "SenderIdentity"} - retained.keys()
        expect(not lost, f"deleted with the stack, and lost: {', '.join(sorted(lost))}")
        # ministack cannot import a secret. On AWS, LookupKey is imported too, and nothing is left out.
        secrets_manager = self._environment.address.client("secretsmanager")
        lookup = secrets_manager.get_secret_value(SecretId=retained["LookupKey"])["SecretString"]
        # A new stack name gives new names. On ministack, the same stack name would give the old ones again.
        self._environment.stack = Stack(f"{former}-again", self._environment.address, self._stack.build)
        output = self._commands.run("adopt", *self._stack_option, "--former", former, "--leave", "LookupKey")
        self._say(output.splitlines()[-1])
        # The domain is still verified.
        self._parameters["MailIdentity"] = "existing"
        self._stack.deploy(self._parameters, is_update=True)
        secrets_manager.put_secret_value(SecretId=self._stack.resource("LookupKey"), SecretString=lookup)
        for name in (*RETAINED, "DataKey", "ClinicianPool"):
            now = self._stack.resource(name)
            expect(now == retained[name], f"{name} is {now}, and was {retained[name]}")
        self._environment.start_api_server()
        expect(noa.browser.sign_in_method(PRACTICE) is None, "a session has outlived its stack")
        self._open(self._browser(), self._request_link(noa))
        self._say("deployed again with the tables, the key and the pool of before, a client signs in by a new link")
        browse = partial(sign_in_at_pool, email=OPERATOR, password=self._password)
        pool = f"{self._environment.address.endpoint}/oauth2/authorize"
        self._token = self._commands.token(self._stack.name, pool, browse)
        found = self._clinician().request("GET", f"/clients/{noa.id}", 200)
        expect(found["name"] == "Noa", "the operator does not find the client")
        self._say("the operator signs in with the password of before, and finds the client")

    def _lose_region(self) -> None:
        noa = self._clients["Noa"]
        invited = self._add_client("Lea")
        pin = self._clinician().request("POST", f"/clients/{noa.id}/pin-codes", 201)["pin"]
        response = noa.browser.submit_form(f"/{PRACTICE}/pin", email=noa.address, pin=pin)
        noa.browser.check_sign_in(PRACTICE, response, "pin")
        copied = copies.of(self._stack, COPIED)
        lost_at = datetime.now(UTC).isoformat()
        epoch = inspection.epoch(self._stack, noa.address)
        old = self._environment.address.endpoint
        self._environment.lose_region()
        try:
            send("GET", f"{old}/healthz", headers={"Host": "portal.example.com"})
        except OSError as error:
            self._say(f"the region is gone: {error}")
        else:
            raise RehearsalError("the lost region still answers")
        self._commands = Commands(self._environment.address)
        self._parameters |= {"MailIdentity": "made", "ConsoleDiscoveryUrl": ""}
        self._stack.deploy(self._parameters)
        self._environment.address.client("secretsmanager").put_secret_value(
            SecretId=self._stack.resource("LookupKey"), SecretString=copied.lookup_key
        )
        for noun, copy in copied.tables.items():
            copy.restore(self._environment.address.client("dynamodb"), f"moved-{noun}")
            source = ("--table", noun, "--from-table", f"moved-{noun}", "--from-time", lost_at)
            output = self._commands.run("restore", *self._stack_option, *source)
            self._say(f"{noun}: {'; '.join(output.splitlines()[:-1])}")
        self._environment.start_api_server()
        now = inspection.epoch(self._stack, noa.address)
        expect(now > epoch, f"the epoch is {now}, and was {epoch}")
        expect(noa.browser.sign_in_method(PRACTICE) is None, "a session has come back in the other region")
        status = HTTPStatus(
            self._browser().submit_form(f"/{PRACTICE}/l/{invited.invitation.rpartition('/')[2]}").status
        )
        expect(status.is_client_error, f"a link of the lost region is answered {status}")
        self._say(f"sessions have ended, and a link of the lost region is refused: {status}")
        noa = self._reached(noa)
        self._open(self._browser(), self._request_link(noa))
        self._say("a client of before signs in by a new link")
        self._create_operator()
        found = self._clinician().request("GET", f"/clients/{noa.id}", 200)
        expect(found["name"] == "Noa", "a new operator does not find the client")
        self._say("a new operator finds the client")

    def _reached(self, client: Client) -> Client:
        """Return the client with an inbox at the region's own SES."""
        inbox = Inbox(self._environment.address, client.address)
        return replace(client, inbox=inbox)

    def _remove(self) -> None:
        self._delete()

    def _protect(self) -> None:
        output = self._commands.run("protect", *self._stack_option)
        self._say(output.splitlines()[0])
        cloudformation = self._environment.address.client("cloudformation")
        try:
            cloudformation.delete_stack(StackName=self._stack.name)
        except ClientError as error:
            self._say(f"a deletion is refused: {error.response['Error']['Message']}")
        else:
            raise RehearsalError("a protected stack can be deleted")
        cloudformation.update_termination_protection(StackName=self._stack.name, EnableTerminationProtection=False)

    def _delete(self) -> dict[str, str]:
        """Delete the stack. Return the physical names of what is retained, by logical id."""
        before = inspection.table_names(self._stack)
        stack_tables = {*self._stack.resources("AWS::DynamoDB::Table").values()}
        retained = self._stack.delete()
        deleted = before - inspection.table_names(self._stack)
        expect(deleted == stack_tables - {*retained.values()}, f"wrong tables are deleted: {', '.join(deleted)}")
        functions = self._environment.address.client("lambda").list_functions()["Functions"]
        expect(not functions, f"functions are left: {[function['FunctionName'] for function in functions]}")
        self._say(f"the stack is deleted; retained, as the template says: {', '.join(retained)}")
        return retained

    def _browser(self) -> Browser:
        return Browser(self._environment.url, f"https://{self._environment.host}")

    def _clinician(self) -> Clinician:
        return Clinician(self._environment.url, PRACTICE, self._token)

    def _add_client(self, name: str, address: str = "") -> Client:
        """Create a client, who gets an invitation."""
        browser = self._browser()
        inbox = Inbox(self._environment.address, address or f"{name.lower()}@example.com")
        client = self._clinician().add_client(name, inbox.owner)
        self._clients[name] = Client(client, inbox, browser, inbox.next_link())
        return self._clients[name]

    def _request_link(self, client: Client) -> str:
        """Request a link for a client, and return it. A second request within a minute would send nothing."""
        response = self._browser().submit_form(f"/{PRACTICE}/sign-in", email=client.address)
        expect(response.status == HTTPStatus.SEE_OTHER, f"the request for a link was answered {response.status}")
        return client.inbox.next_link()

    def _open(self, browser: Browser, link: str) -> None:
        """Open a link's page and submit its form."""
        page = browser.get(link)
        expect(page.status == HTTPStatus.OK, f"the link's page was answered {page.status}")
        browser.check_sign_in(PRACTICE, browser.submit_form(link), "link")
