"""The rehearsal: what an engineer does with a stack from its first deployment to its last day, and what people see."""

import json
import platform
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from latchkey import tokens
from latchkey.rules.refusals import LinkUnknown
from local.oidc_provider import ACCOUNTS
from local.stack import BUILD, SENDER_DOMAIN
from rehearsal.commands import Commands
from rehearsal.mail import Mailbox
from rehearsal.people import FORM, Browser, Clinician, send, signed_in_at_pool
from rehearsal.stacks import Stack
from rehearsal.stage import Stage
from rehearsal.trouble import Trouble, expect

PRACTICE = "willow"
OPERATOR = "operator@example.com"
MARIA = ACCOUNTS[0]
"""Who has an account at Google, and is on file with its address."""
NEXT_VERSION = "0.0.0+rehearsal"
MODULE = "python/latchkey/__init__.py"

OUTLIVING = ("Events", "Practices", "Members", "Clients", "Accounts")
"""Tables that are kept, in the order in which they are filled again."""

type Say = Callable[[str], None]
type Act = tuple[str, Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Client:
    """Someone on file, with a mailbox and a browser of her own."""

    id: str
    mailbox: Mailbox
    browser: Browser
    invitation: str
    """The link of the mail that invited her."""

    @property
    def address(self) -> str:
        """Where her mail goes."""
        return self.mailbox.owner


class Play:
    """One pass through all acts, in order; each raises Trouble at the first thing that is not as documented."""

    def __init__(self, stage: Stage, say: Say) -> None:
        self._stage, self._say = stage, say
        self._commands = Commands(stage.address)
        self._parameters = {
            "SenderDomain": SENDER_DOMAIN,
            "AlarmEmail": "alarms@example.com",
            "ClinicianCallbackUrl": "https://desk.example.com/",
            "Architecture": "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64",
        }
        self._api = ("--api", stage.url)
        self._token = ""
        self._people: dict[str, Client] = {}
        self._waiting = ""
        self.acts: tuple[Act, ...] = (
            ("First deployment", self._deploy),
            ("First operator and first practice", self._begin),
            ("In by the link of a mail", self._mail),
            ("What became of the mail", self._report),
            ("In by a PIN", self._pin),
            ("In by Google", self._google),
            ("A key is replaced", self._rotate),
            ("The next version is deployed", self._update),
            ("A table is restored", self._restore),
            ("A client's data is handed out, and erased", self._erase),
            ("Uninstalled, and back again", self._come_back),
            ("The end", self._finish),
        )

    @property
    def _stack(self) -> Stack:
        return self._stage.stack

    @property
    def _named(self) -> tuple[str, ...]:
        return ("--stack", self._stack.name)

    def _deploy(self) -> None:
        for line in self._stack.deploy(self._parameters):
            self._say(f"adapted: {line}")
        for name, value in self._stack.outputs().items():
            self._say(f"{name} = {value}")
        self._stage.open_door()
        # ministack's own API Gateway answers by the same routes; it only forgets cookies
        gateway = self._stage.address.endpoint
        health = send("GET", f"{gateway}/healthz", headers={"Host": self._stage.host})
        expect(health.status == HTTPStatus.OK, f"/healthz at ministack's own API Gateway: {health.status}")
        closed = send("GET", f"{gateway}/admin/v1/practices/{PRACTICE}", headers={"Host": self._stage.host})
        expect(closed.status == HTTPStatus.UNAUTHORIZED, f"the clinicians' API without a token: {closed.status}")
        self._watch()
        self._say(f"/healthz says {health.document}, and the clinicians' API asks for a token")

    def _watch(self) -> None:
        """Every function and every table that is deployed is watched under the name that it has got."""
        account = self._stage.address
        pages = account.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=self._stack.name)
        alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        watched: dict[tuple[str, str], set[str]] = {}
        for alarm in alarms:
            for dimension in alarm["Dimensions"]:
                watched.setdefault((alarm["MetricName"], dimension["Name"]), set()).add(dimension["Value"])
        for kind, dimension, metrics in (
            ("AWS::Lambda::Function", "FunctionName", ("Errors", "Throttles")),
            ("AWS::DynamoDB::Table", "TableName", ("ReadThrottleEvents", "WriteThrottleEvents")),
        ):
            deployed = {*self._stack.resources(kind).values()}
            for metric in metrics:
                found = watched.get((metric, dimension), set())
                expect(
                    found == deployed, f"{metric} is watched of {sorted(found)}, and deployed are {sorted(deployed)}"
                )
        self._say(f"{len(alarms)} alarms watch every function and every table by the name that it has got")

    def _begin(self) -> None:
        told = self._commands.run("first-operator", *self._named, "--email", OPERATOR, "--no-mail")
        password = re.search(r"password.*: (\S+)", told)
        if password is None:
            raise Trouble(f"operate first-operator prints no password: {told}")
        self._say(told.splitlines()[0])
        browse = partial(signed_in_at_pool, email=OPERATOR, password=password[1], chosen=secrets.token_urlsafe(24))
        pool = f"{self._stage.address.endpoint}/oauth2/authorize"
        self._token = self._commands.token(self._stack.name, pool, browse)
        self._say("the operator has chosen a password at the user pool, and has a token")
        told_of = ("--slug", PRACTICE, "--name", "Willow Creek Counseling", "--phone", "(555) 010-0142")
        told = self._commands.run("practice", *self._named, *self._api, *told_of, LATCHKEY_TOKEN=self._token)
        self._say(told.strip())

    def _mail(self) -> None:
        noa = self._admit("Noa")
        self._open(noa.browser, noa.invitation)
        self._say("a client was invited, SES has sent the mail, and its link has signed her in")

    def _report(self) -> None:
        noa = self._people["Noa"]
        tags = {"practice": [PRACTICE], "account": [self._account(noa)]}
        mail = {"messageId": noa.mailbox.mails()[0]["MessageId"], "tags": tags}
        event = {"source": "aws.ses", "detail": {"eventType": "Delivery", "mail": mail, "delivery": {}}}
        # as EventBridge would: nobody may send it events in the name of SES
        answer = self._stage.address.client("lambda").invoke(
            FunctionName=f"{self._stack.resource('MailEvents')}:live", Payload=json.dumps(event)
        )
        expect("FunctionError" not in answer, "MailEvents fails")
        status = self._clinician().ask("GET", f"/clients/{noa.id}/portal-access", 200)["email_status"]
        expect(status == "delivered", f"the clinician sees that the mail is {status}")
        self._say("SES's report of it has reached the clinician")

    def _pin(self) -> None:
        noa = self._people["Noa"]
        pin = self._clinician().ask("POST", f"/clients/{noa.id}/pin-codes", 201)["pin"]
        browser = self._browser()
        browser.come_in(PRACTICE, browser.press(f"/{PRACTICE}/pin", email=noa.address, pin=pin), "pin")
        self._say("the clinician made a PIN, and it has signed the client in elsewhere")

    def _google(self) -> None:
        google = self._stage.wait_for(self._stage.google.register(f"https://{self._stage.host}"))
        self._stage.address.client("secretsmanager").put_secret_value(
            SecretId=self._stack.outputs()["GoogleSecretArn"], SecretString=google.client_secret
        )
        self._parameters |= google.parameters()
        self._stack.deploy(self._parameters)
        self._stage.open_door()
        self._say("the stack was deployed again with GoogleClientId, and the client's secret put in")
        browser = self._admit("Maria", MARIA.email).browser
        left = browser.press(f"/{PRACTICE}/google")
        expect(left.location.startswith(self._stage.google.url), f"Continue with Google: {left.status} {left.location}")
        chosen = send("POST", left.location, urlencode({"sub": MARIA.subject}).encode(), {"Content-Type": FORM})
        browser.come_in(PRACTICE, browser.get(chosen.location), "google")
        self._say("the account whose address is on file has signed in")

    def _rotate(self) -> None:
        self._waiting = self._asked(self._people["Noa"])
        told = self._commands.run("rotate", *self._named, "--key", "LinkKey", "--at-once")
        self._say(told.splitlines()[-2])
        ring = self._ring()
        expect(ring.current == "2", f"LinkKey: key {ring.current} is the current one")
        expect("1" in ring.keys, "LinkKey: the old key is gone already")

    def _update(self) -> None:
        module = (BUILD / "LatchkeyLayer" / MODULE).read_text()
        changed = re.sub(r'(?<=__version__ = ")[^"]+', NEXT_VERSION, module)
        self._stack.build.replace("LatchkeyLayer", MODULE, changed)
        self._stack.build.document["Resources"]["Session"]["Properties"]["Description"] = "As of the next version"
        self._parameters |= {"LogDays": "30", "LinkHours": "12"}
        self._stack.deploy(self._parameters)
        self._stage.open_door()
        version = self._browser().get("/healthz").document["version"]
        expect(version == NEXT_VERSION, f"/healthz still says {version}")
        days = self._retention()
        expect(days == {30}, f"logs are kept {days} days, and not 30")
        self._say(f"/healthz says {version}; logs are kept 30 days")
        road = self._people["Noa"].browser.signed_in_by(PRACTICE)
        expect(road == "link", "the client who was signed in is not any more")
        self._say("who was signed in before still is")
        self._open(self._browser(), self._waiting)
        self._say("a link of before, made under the old key, opens")
        link = self._asked(self._people["Maria"])
        expect(self._made_under(link) == "2", f"a new link is made under key {self._made_under(link)}")
        letter = self._people["Maria"].mailbox.mails()[-1]["BodyText"]
        expect("12 hours" in letter, "the letter does not say that its link works for 12 hours")
        self._open(self._browser(), link)
        self._say("a new link is made under the new key for 12 hours, and opens")

    def _restore(self) -> None:
        ben = self._admit("Ben")
        self._open(ben.browser, ben.invitation)
        instant = datetime.now(UTC)
        dynamodb = self._stage.address.client("dynamodb")
        table = self._stack.resource("Accounts")
        # in place of point-in-time recovery: what ministack restores is the present
        backup = dynamodb.create_backup(TableName=table, BackupName="rehearsal")["BackupDetails"]["BackupArn"]
        dynamodb.restore_table_from_backup(TargetTableName=f"{table}-restored", BackupArn=backup)
        dynamodb.delete_item(TableName=table, Key={"key": {"S": self._account(ben)}})
        when = ("--from-time", instant.isoformat(), "--from-table", f"{table}-restored")
        told = self._commands.run("restore", *self._named, "--table", "Accounts", *when)
        dynamodb.delete_table(TableName=f"{table}-restored")
        self._say(f"an account was lost and restored: {'; '.join(told.splitlines()[:-1])}")
        expect(ben.browser.signed_in_by(PRACTICE) is None, "a session has come back with its account")
        answer = self._browser().press(ben.invitation)
        expect(HTTPStatus(answer.status).is_client_error, f"a used link is answered {answer.status} after the restore")
        self._say(f"the session of before is over, and the link that was used stays dead: {answer.status}")
        self._open(ben.browser, self._asked(ben))
        self._say("a new link signs the client in")

    def _erase(self) -> None:
        ben = self._people["Ben"]
        whose = (*self._api, "--practice", PRACTICE, "--client", ben.id)
        told = json.loads(self._commands.run("export", *whose, LATCHKEY_TOKEN=self._token))
        kinds = [event["kind"] for event in told["events"]]
        expect(ben.address in json.dumps(told["client"]), "the export does not say the client's address")
        expect("session_started" in kinds, f"the export tells of no sign-in, only of {kinds}")
        self._say(f"the export holds the client, and {len(kinds)} events")
        said = self._commands.run("erase", *whose, LATCHKEY_TOKEN=self._token)
        expect(ben.browser.signed_in_by(PRACTICE) is None, "a client who was erased is still signed in")
        self._say(f"{said.splitlines()[0]} He is signed out.")

    def _come_back(self) -> None:
        noa = self._people["Noa"]
        kept = self._end()
        gone = {*OUTLIVING, "LookupKey", "SenderIdentity"} - kept.keys()
        expect(not gone, f"gone with the stack, and never to come back: {', '.join(sorted(gone))}")
        secrets_manager = self._stage.address.client("secretsmanager")
        lookup = secrets_manager.get_secret_value(SecretId=kept["LookupKey"])["SecretString"]
        # ministack would call the new tables as the old ones are called; CloudFormation never does
        self._stage.stack = Stack(f"{self._stack.name}-again", self._stage.address, self._stack.build)
        # the domain is still verified
        self._parameters["MailIdentity"] = "existing"
        self._stack.deploy(self._parameters)
        secrets_manager.put_secret_value(SecretId=self._stack.resource("LookupKey"), SecretString=lookup)
        now = datetime.now(UTC).isoformat()
        for table in OUTLIVING:
            told = self._commands.run(
                "restore", *self._named, "--table", table, "--from-table", kept[table], "--from-time", now
            )
            self._say(f"{table}: {'; '.join(told.splitlines()[:-1])}")
        self._stage.open_door()
        expect(noa.browser.signed_in_by(PRACTICE) is None, "a session has outlived its stack")
        self._open(self._browser(), self._asked(noa))
        self._say("deployed anew, with the key and the tables that were kept, a client on file signs in by a new link")

    def _finish(self) -> None:
        self._end()

    def _end(self) -> dict[str, str]:
        """Tear the stack down; returns what is left, by logical id."""
        before = self._tables()
        ours = {*self._stack.resources("AWS::DynamoDB::Table").values()}
        left = self._stack.delete()
        gone = before - self._tables()
        expect(gone == ours - {*left.values()}, f"other tables than the stack's own are gone: {', '.join(gone)}")
        functions = self._stage.address.client("lambda").list_functions()["Functions"]
        expect(not functions, f"functions are left: {[function['FunctionName'] for function in functions]}")
        self._say(f"the stack is gone; kept, as its template says: {', '.join(left)}")
        return left

    def _tables(self) -> set[str]:
        return {*self._stage.address.client("dynamodb").list_tables()["TableNames"]}

    def _browser(self) -> Browser:
        return Browser(self._stage.url, f"https://{self._stage.host}")

    def _clinician(self) -> Clinician:
        return Clinician(self._stage.url, PRACTICE, self._token)

    def _admit(self, name: str, address: str = "") -> Client:
        """Someone who is on file and invited from now on."""
        browser = self._browser()
        mailbox = Mailbox(self._stage.address, address or f"{name.lower()}@example.com")
        client = self._clinician().admit(name, mailbox.owner)
        self._people[name] = Client(client, mailbox, browser, mailbox.next_link())
        return self._people[name]

    def _account(self, client: Client) -> str:
        """Where someone's account is kept."""
        items = self._stage.address.client("dynamodb").scan(TableName=self._stack.resource("Accounts"))["Items"]
        (found,) = (item["key"]["S"] for item in items if item.get("address") == {"S": client.address})
        return str(found)

    def _asked(self, client: Client) -> str:
        """The link that a client gets who asks for one now; a second within a minute would not be sent."""
        asked = self._browser().press(f"/{PRACTICE}/sign-in", email=client.address)
        expect(asked.status == HTTPStatus.SEE_OTHER, f"asking for a link was answered {asked.status}")
        return client.mailbox.next_link()

    def _open(self, browser: Browser, link: str) -> None:
        """Follow a link to its page, and press the button there."""
        page = browser.get(link)
        expect(page.status == HTTPStatus.OK, f"the link's page was answered {page.status}")
        browser.come_in(PRACTICE, browser.press(link), "link")

    def _ring(self) -> tokens.Keyring:
        secret = self._stage.address.client("secretsmanager").get_secret_value(SecretId=self._stack.resource("LinkKey"))
        return tokens.Keyring.parse(json.loads(secret["SecretString"]))

    def _made_under(self, link: str) -> str:
        """Id of the key that a link was made under; empty for none of the ring."""
        ring = self._ring()
        for name, key in ring.keys.items():
            try:
                tokens.verify_link(tokens.Keyring(name, {name: key}), PRACTICE, link.rpartition("/")[2])
            except LinkUnknown:
                continue
            return name
        return ""

    def _retention(self) -> set[int]:
        """Days that the stack's logs are kept."""
        ours = self._stack.resources("AWS::Logs::LogGroup").values()
        groups = self._stage.address.client("logs").describe_log_groups()["logGroups"]
        return {group["retentionInDays"] for group in groups if group["logGroupName"] in ours}
