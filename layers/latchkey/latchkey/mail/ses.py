"""Sending through SES v2, and what its refusals mean for a letter."""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from latchkey import aws, settings
from latchkey.mail.letters import Letter

PERMANENT_ERRORS = {"MessageRejected", "BadRequestException"}
"""About this letter: sending it again will not help."""
SENDING_PAUSED_ERRORS = {
    "SendingPausedException",
    "AccountSuspendedException",
    "MailFromDomainNotVerifiedException",
    "LimitExceededException",
    "NotFoundException",
}
"""About all letters, until someone acts or a day is over; what is not found is the configuration set."""


NOT_VERIFIED = "NotVerified"
"""Our name for the MessageRejected that a new account meets first: SES itself has one name for this and for others."""

IN_WORDS = {
    NOT_VERIFIED: "SES has not verified the sender's domain or, while the account is in SES's sandbox, the recipient: "
    "docs/operations.md#the-first-mail"
}
"""What a name means to whoever looks after the stack; of SES's own words none is repeated, they hold the address."""


class Rejected(Exception):
    """SES will never take this letter; the message is a name."""


@dataclass(eq=False)
class Delayed(Exception):
    """SES does not take it now."""

    reason: str
    """SES's name for it; a name, never its message, which can hold an address."""
    sending_paused: bool = False
    """Whether trying again soon would help no letter at all."""


def send(letter: Letter, tags: dict[str, str]) -> str:
    """Hand a letter to SES and return its message id; `tags` come back with every event about it.

    Nothing in it is tracked: a rewritten link would no longer be ours, and opening a letter is nobody's business.

    :raises Rejected: SES will never take it.
    :raises Delayed: not now; it may have been sent all the same, and the same link can be sent again.
    """
    try:
        answer = aws.service_client("sesv2").send_email(
            FromEmailAddress=letter.sender,
            Destination={"ToAddresses": [letter.to]},
            ReplyToAddresses=list(letter.reply_to),
            Content={
                "Simple": {
                    "Subject": {"Data": letter.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": letter.text, "Charset": "UTF-8"},
                        "Html": {"Data": letter.html, "Charset": "UTF-8"},
                    },
                    "Headers": [{"Name": name, "Value": value} for name, value in letter.headers],
                }
            },
            ConfigurationSetName=settings.load().configuration_set,
            EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
            ConfigurationOverrides={
                "Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"},
            },
        )
    except ClientError as error:
        told = error.response.get("Error", {})
        code = told.get("Code", "Unknown")
        if code in PERMANENT_ERRORS:
            raise Rejected(NOT_VERIFIED if "not verified" in told.get("Message", "") else code) from None
        raise Delayed(code, code in SENDING_PAUSED_ERRORS) from None
    except BotoCoreError as error:
        raise Delayed(type(error).__name__) from None
    message_id: str = answer["MessageId"]
    return message_id
