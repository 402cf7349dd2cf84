"""Steps that end a stack: protection, removal and return, a region that is lost."""

from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from tools.rehearsal import copies, inspection
from tools.rehearsal.commands import Commands
from tools.rehearsal.errors import RehearsalError, expect
from tools.rehearsal.run import OPERATOR, PRACTICE, RETAINED, Run
from tools.rehearsal.stacks import Stack
from tools.rehearsal.users import send, sign_in_at_pool

JSON = "application/json"
COPIED = ("Events", "Practices", "Clients", "Accounts")
"""Tables that move to another region, in the order in which they are restored. Members get new subjects there."""


def protect(run: Run) -> None:
    """Protect the stack. A deletion is then refused."""
    output = run.commands.run("protect", *run.stack_option)
    run.say(output.splitlines()[0])
    cloudformation = run.environment.address.client("cloudformation")
    try:
        cloudformation.delete_stack(StackName=run.stack.name)
    except ClientError as error:
        run.say(f"a deletion is refused: {error.response['Error']['Message']}")
    else:
        raise RehearsalError("a protected stack can be deleted")
    cloudformation.update_termination_protection(StackName=run.stack.name, EnableTerminationProtection=False)


def reinstall(run: Run) -> None:
    """Delete the stack, and deploy it again with what it retained."""
    noa = run.clients["Noa"]
    former = run.stack.name
    retained = run.delete()
    lost = {*RETAINED, "LookupKey", "DataKey", "ClinicianPool", "SenderIdentity"} - retained.keys()
    expect(not lost, f"deleted with the stack, and lost: {', '.join(sorted(lost))}")
    # ministack cannot import a secret. On AWS, LookupKey is imported too, and nothing is left out.
    secrets_manager = run.environment.address.client("secretsmanager")
    lookup = secrets_manager.get_secret_value(SecretId=retained["LookupKey"])["SecretString"]
    # A new stack name gives new names. On ministack, the same stack name would give the old ones again.
    run.environment.stack = Stack(f"{former}-again", run.environment.address, run.stack.build)
    output = run.commands.run("adopt", *run.stack_option, "--former", former, "--leave", "LookupKey")
    run.say(output.splitlines()[-1])
    # The domain is still verified.
    run.parameters["MailIdentity"] = "existing"
    run.stack.deploy(run.parameters, is_update=True)
    secrets_manager.put_secret_value(SecretId=run.stack.resource("LookupKey"), SecretString=lookup)
    for name in (*RETAINED, "DataKey", "ClinicianPool"):
        now = run.stack.resource(name)
        expect(now == retained[name], f"{name} is {now}, and was {retained[name]}")
    run.environment.start_api_server()
    expect(noa.browser.sign_in_method(PRACTICE) is None, "a session has outlived its stack")
    run.open(run.browser(), run.request_link(noa))
    run.say("deployed again with the tables, the key and the pool of before, a client signs in by a new link")
    browse = partial(sign_in_at_pool, email=OPERATOR, password=run.password)
    pool = f"{run.environment.address.endpoint}/oauth2/authorize"
    run.token = run.commands.token(run.stack.name, pool, browse)
    found = run.clinician().request("GET", f"/clients/{noa.id}", 200)
    expect(found["name"] == "Noa", "the operator does not find the client")
    run.say("the operator signs in with the password of before, and finds the client")


def lose_region(run: Run) -> None:
    """Kill the region, and restore the stack in another one from copies."""
    noa = run.clients["Noa"]
    invited = run.add_client("Lea")
    pin = run.clinician().request("POST", f"/clients/{noa.id}/pin-codes", 201)["pin"]
    response = noa.browser.submit_form(f"/{PRACTICE}/pin", email=noa.address, pin=pin)
    noa.browser.check_sign_in(PRACTICE, response, "pin")
    copied = copies.of(run.stack, COPIED)
    lost_at = datetime.now(UTC).isoformat()
    epoch = inspection.epoch(run.stack, noa.address)
    old = run.environment.address.endpoint
    run.environment.lose_region()
    try:
        send("GET", f"{old}/healthz", headers={"Host": "portal.example.com"})
    except OSError as error:
        run.say(f"the region is gone: {error}")
    else:
        raise RehearsalError("the lost region still answers")
    run.commands = Commands(run.environment.address)
    run.parameters |= {"MailIdentity": "made", "ConsoleDiscoveryUrl": ""}
    run.stack.deploy(run.parameters)
    run.environment.address.client("secretsmanager").put_secret_value(
        SecretId=run.stack.resource("LookupKey"), SecretString=copied.lookup_key
    )
    for noun, copy in copied.tables.items():
        copy.restore(run.environment.address.client("dynamodb"), f"moved-{noun}")
        source = ("--table", noun, "--from-table", f"moved-{noun}", "--from-time", lost_at)
        output = run.commands.run("restore", *run.stack_option, *source)
        run.say(f"{noun}: {'; '.join(output.splitlines()[:-1])}")
    run.environment.start_api_server()
    now = inspection.epoch(run.stack, noa.address)
    expect(now > epoch, f"the epoch is {now}, and was {epoch}")
    expect(noa.browser.sign_in_method(PRACTICE) is None, "a session has come back in the other region")
    url = f"{run.environment.url}{urlsplit(invited.invitation).path}"
    code = send("POST", url, b"{}", {"Content-Type": JSON, "Accept": JSON}).document["code"]
    expect(code == "link_unknown", f"a link of the lost region is answered {code}")
    run.say(f"sessions have ended, and a link of the lost region is refused: {code}")
    noa = run.reached(noa)
    run.open(run.browser(), run.request_link(noa))
    run.say("a client of before signs in by a new link")
    run.create_operator()
    found = run.clinician().request("GET", f"/clients/{noa.id}", 200)
    expect(found["name"] == "Noa", "a new operator does not find the client")
    run.say("a new operator finds the client")


def remove(run: Run) -> None:
    """Delete the stack."""
    run.delete()
