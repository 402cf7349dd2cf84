"""Steps of the months that follow: keys, versions, a lost table, an erasure, the audit."""

import json
import re
from datetime import UTC, datetime
from http import HTTPStatus

from local.stack import BUILD
from tools.rehearsal import inspection
from tools.rehearsal.errors import expect
from tools.rehearsal.run import PRACTICE, Run

NEXT_VERSION = "0.0.0+rehearsal"
MODULE = "python/latchkey/__init__.py"


def rotate(run: Run) -> None:
    """Make a new key of links. A link of the old key waits."""
    run.unopened = run.request_link(run.clients["Noa"])
    output = run.commands.run("rotate", *run.stack_option, "--key", "LinkKey", "--at-once")
    run.say(output.splitlines()[-2])
    ring = inspection.link_keyring(run.stack)
    expect(ring.current == "2", f"LinkKey: key {ring.current} is the current one")
    expect("1" in ring.keys, "LinkKey: the old key is gone already")


def update(run: Run) -> None:
    """Deploy the next version with other parameters. Sessions and links stay valid."""
    module = (BUILD / "LatchkeyLayer" / MODULE).read_text()
    updated = re.sub(r'(?<=__version__ = ")[^"]+', NEXT_VERSION, module)
    run.stack.build.replace("LatchkeyLayer", MODULE, updated)
    run.stack.build.document["Resources"]["Session"]["Properties"]["Description"] = "As of the next version"
    run.parameters |= {"LogDays": "30", "LinkHours": "12"}
    run.stack.deploy(run.parameters)
    run.environment.start_api_server()
    version = run.browser().get("/healthz").document["version"]
    expect(version == NEXT_VERSION, f"/healthz still says {version}")
    days = inspection.retention_days(run.stack)
    expect(days == {30}, f"logs are kept {days} days, and not 30")
    run.say(f"/healthz says {version}; logs are kept 30 days")
    method = run.clients["Noa"].browser.sign_in_method(PRACTICE)
    expect(method == "link", "the session of before the update has ended")
    run.say("a session of before the update is still live")
    run.open(run.browser(), run.unopened)
    run.say("a link made under the old key opens")
    link = run.request_link(run.clients["Maria"])
    key = inspection.key_of_link(run.stack, PRACTICE, link)
    expect(key == "2", f"a new link is made under key {key}")
    letter = run.clients["Maria"].inbox.mails()[-1]["BodyText"]
    expect("12 hours" in letter, "the letter does not say that its link works for 12 hours")
    run.open(run.browser(), link)
    run.say("a new link is made under the new key for 12 hours, and opens")


def restore(run: Run) -> None:
    """Lose an account, and restore its table."""
    ben = run.add_client("Ben")
    run.open(ben.browser, ben.invitation)
    lost_at = datetime.now(UTC)
    dynamodb = run.environment.address.client("dynamodb")
    table = run.stack.resource("Accounts")
    # A backup replaces point-in-time recovery: ministack always restores the current items.
    backup = dynamodb.create_backup(TableName=table, BackupName="rehearsal")["BackupDetails"]["BackupArn"]
    dynamodb.restore_table_from_backup(TargetTableName=f"{table}-restored", BackupArn=backup)
    dynamodb.delete_item(TableName=table, Key={"key": {"S": inspection.account_key(run.stack, ben.address)}})
    source = ("--from-time", lost_at.isoformat(), "--from-table", f"{table}-restored")
    output = run.commands.run("restore", *run.stack_option, "--table", "Accounts", *source)
    dynamodb.delete_table(TableName=f"{table}-restored")
    run.say(f"an account was lost and restored: {'; '.join(output.splitlines()[:-1])}")
    expect(ben.browser.sign_in_method(PRACTICE) is None, "a session has come back with its account")
    response = run.browser().submit_form(ben.invitation)
    status = HTTPStatus(response.status)
    expect(status.is_client_error, f"a used link is answered {status} after the restore")
    run.say(f"the old session has ended, and the used link stays invalid: {status}")
    run.open(ben.browser, run.request_link(ben))
    run.say("a new link signs the client in")


def erase(run: Run) -> None:
    """Export a client, and erase them."""
    ben = run.clients["Ben"]
    client = (*run.api_option, "--practice", PRACTICE, "--client", ben.id)
    export = json.loads(run.commands.run("export", *client, LATCHKEY_TOKEN=run.token))
    kinds = [event["kind"] for event in export["events"]]
    expect(ben.address in json.dumps(export["client"]), "the export does not hold the client's address")
    expect("session_started" in kinds, f"the export holds no sign-in, only {kinds}")
    run.say(f"the export holds the client, and {len(kinds)} events")
    output = run.commands.run("erase", *client, LATCHKEY_TOKEN=run.token)
    expect(ben.browser.sign_in_method(PRACTICE) is None, "a client who was erased is still signed in")
    run.say(f"{output.splitlines()[0]} The client is signed out.")


def verify_audit(run: Run) -> None:
    """Compare the audit with its archive."""
    written = inspection.wait_for_archive(run.stack)
    output = run.commands.run("audit", "verify", *run.stack_option)
    run.say(f"the stream has brought {written} rows to the archive")
    run.say(output.splitlines()[-1])
