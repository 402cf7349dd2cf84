"""Steps of the first days: the deployment, the first practice, and each way to sign in."""

import json
import re
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from local.oidc_provider import ACCOUNTS
from tools.rehearsal import inspection
from tools.rehearsal.errors import RehearsalError, expect
from tools.rehearsal.run import OPERATOR, PRACTICE, Run
from tools.rehearsal.users import FORM, ConsoleUser, send, sign_in_at_pool

MARIA = ACCOUNTS[0]
"""A person with an account at the provider, on file with its address."""


def deploy(run: Run) -> None:
    """Deploy the stack, and check its health and its alarms."""
    for line in run.stack.deploy(run.parameters):
        run.say(f"adapted: {line}")
    for name, value in run.stack.outputs().items():
        run.say(f"{name} = {value}")
    run.environment.start_api_server()
    # ministack's own API Gateway has the same routes. It only drops cookies.
    gateway = run.environment.address.endpoint
    health = send("GET", f"{gateway}/healthz", headers={"Host": run.environment.host})
    expect(health.status == HTTPStatus.OK, f"/healthz at ministack's own API Gateway: {health.status}")
    closed = send("GET", f"{gateway}/admin/v1/practices/{PRACTICE}", headers={"Host": run.environment.host})
    expect(closed.status == HTTPStatus.UNAUTHORIZED, f"the clinicians' API without a token: {closed.status}")
    run.say(f"{inspection.check_alarms(run.stack)} alarms watch every function and every table")
    run.say(f"/healthz says {health.document}, and the clinicians' API asks for a token")


def create_practice(run: Run) -> None:
    """Create the first operator and the first practice."""
    run.create_operator()
    options = ("--slug", PRACTICE, "--name", "Willow Creek Counseling", "--phone", "(555) 010-0142")
    output = run.commands.run("practice", *run.stack_option, *run.api_option, *options, LATCHKEY_TOKEN=run.token)
    run.say(output.strip())


def sign_in_by_link(run: Run) -> None:
    """Invite a client, who signs in by the link in the mail."""
    noa = run.add_client("Noa")
    run.open(noa.browser, noa.invitation)
    run.say("a client was invited, SES has sent the mail, and its link has signed the client in")


def report(run: Run) -> None:
    """Pass a report of SES to the stack. The clinician sees it."""
    noa = run.clients["Noa"]
    tags = {"practice": [PRACTICE], "account": [inspection.account_key(run.stack, noa.address)]}
    mail = {"messageId": noa.inbox.mails()[0]["MessageId"], "tags": tags}
    event = {"source": "aws.ses", "detail": {"eventType": "Delivery", "mail": mail, "delivery": {}}}
    # Invoke the function as EventBridge does: nobody may send events in the name of SES.
    response = run.environment.address.client("lambda").invoke(
        FunctionName=f"{run.stack.resource('MailEvents')}:live", Payload=json.dumps(event)
    )
    expect("FunctionError" not in response, "MailEvents fails")
    status = run.clinician().request("GET", f"/clients/{noa.id}/portal-access", 200)["email_status"]
    expect(status == "delivered", f"the clinician sees that the mail is {status}")
    run.say("the clinician sees that SES has delivered the mail")


def sign_in_by_pin(run: Run) -> None:
    """Create a PIN, by which the client signs in."""
    noa = run.clients["Noa"]
    pin = run.clinician().request("POST", f"/clients/{noa.id}/pin-codes", 201)["pin"]
    browser = run.browser()
    browser.check_sign_in(PRACTICE, browser.submit_form(f"/{PRACTICE}/pin", email=noa.address, pin=pin), "pin")
    run.say("the clinician created a PIN, and it has signed the client in with another browser")


def help_in_console(run: Run) -> None:
    """Sign in to the console, find the client, and read out a Pin Code."""
    outputs = run.stack.outputs()
    address = outputs["ConsoleUrl"]
    expect(address == f"https://{run.environment.host}/admin", f"the outputs print {address} as the console")
    # On AWS, the pool's configuration is found by its issuer. ministack does not have that name.
    endpoint = run.environment.address.endpoint
    discovery = f"{endpoint}/{outputs['ClinicianPoolId']}/.well-known/openid-configuration"
    run.parameters |= {"ConsoleDiscoveryUrl": discovery}
    run.stack.deploy(run.parameters)
    run.environment.start_api_server()
    noa = run.clients["Noa"]
    staff = ConsoleUser(run.browser())
    page = staff.sign_in(address, partial(sign_in_at_pool, email=OPERATOR, password=run.password))
    expect("Willow Creek" in page.body.decode(), f"the console shows no practice: {page.status}")
    found = staff.open(f"/admin/{PRACTICE}/clients?q=noa")
    path = f"/admin/{PRACTICE}/clients/{noa.id}"
    expect(path in found.body.decode(), "the search for a name does not find the client")
    run.say(f"the operator is signed in to the console at {address}, and has found the client by name")
    card = staff.submit(path, f"{path}/pin")
    digits = re.search(r'class="pin"[^>]*>\s*(?:<[^>]+>\s*)*([0-9 ]{6,7})', card.body.decode())
    if digits is None:
        raise RehearsalError(f"the console shows no Pin Code: {card.status}")
    pin = digits[1].replace(" ", "")
    browser = run.browser()
    browser.check_sign_in(PRACTICE, browser.submit_form(f"/{PRACTICE}/pin", email=noa.address, pin=pin), "pin")
    answer = staff.open(f"{path}/signed-in").body.decode()
    expect("Pin Code" in answer, "the console does not say that the client is in")
    run.say("the Pin Code of the console has signed the client in, and the console says so")
    staff.sign_out()
    closed = staff.open(path)
    expect(closed.status == HTTPStatus.UNAUTHORIZED, f"after the sign-out, the page is answered {closed.status}")


def sign_in_with_provider(run: Run) -> None:
    """Deploy with a client id of the provider. A client signs in there."""
    provider = run.environment.wait_for(run.environment.google.register(f"https://{run.environment.host}"))
    run.environment.address.client("secretsmanager").put_secret_value(
        SecretId=run.stack.outputs()["GoogleSecretArn"], SecretString=provider.client_secret
    )
    run.parameters |= provider.parameters()
    run.stack.deploy(run.parameters)
    run.environment.start_api_server()
    run.say("the stack was deployed again with GoogleClientId, and the client secret was stored")
    browser = run.add_client("Maria", MARIA.email).browser
    redirect = browser.submit_form(f"/{PRACTICE}/google")
    expect(
        redirect.location.startswith(run.environment.google.url),
        f"Continue with Google: {redirect.status} {redirect.location}",
    )
    approved = send("POST", redirect.location, urlencode({"sub": MARIA.subject}).encode(), {"Content-Type": FORM})
    browser.check_sign_in(PRACTICE, browser.get(approved.location), "google")
    run.say("the account with the address on file has signed in")
