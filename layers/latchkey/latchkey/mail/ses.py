"""The client of SES v2, and the meaning of its errors for a letter."""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from latchkey import aws, settings
from latchkey.mail.letters import Letter

PERMANENT_ERRORS = {"MessageRejected", "BadRequestException"}
"""Errors about one letter. Another try does not help."""
SENDING_PAUSED_ERRORS = {
    "SendingPausedException",
    "AccountSuspendedException",
    "MailFromDomainNotVerifiedException",
    "LimitExceededException",
    "NotFoundException",
}
"""Errors about all letters, until an operator acts or a day is over.

`NotFoundException` is about the configuration set.
"""


NOT_VERIFIED = "NotVerified"
"""Our name for the `MessageRejected` that a new SES account gets first. SES uses the same name for other errors."""

EXPLANATIONS = {
    NOT_VERIFIED: "SES has not verified the sender's domain or, while the account is in SES's sandbox, the recipient: "
    "docs/operations.md#the-first-mail"
}
"""Explanations for operators, by name of the error. SES's own message is not repeated, because it holds the address."""


class Rejected(Exception):
    """SES will never accept this letter. The message is the name of SES's error."""


@dataclass(eq=False)
class Delayed(Exception):
    """SES does not accept the letter now."""

    reason: str
    """The name of SES's error, never its message, because that can hold an address."""
    sending_paused: bool = False
    """True if SES accepts no letter at all for some time."""


def send(letter: Letter, tags: dict[str, str]) -> str:
    """Send a letter and return SES's message id. Every event about the letter has the `tags`.

    Tracking is off: SES would rewrite the links, and would report that a person opened the letter.

    :raises Rejected: SES will never accept the letter.
    :raises Delayed: SES does not accept it now, or does not answer. The letter may have been sent all the same. The
        same link can be sent again.
    """
    try:
        response = aws.call(
            "sesv2",
            "SendEmail",
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
        ses_error = error.response.get("Error", {})
        code = ses_error.get("Code", "Unknown")
        if code in PERMANENT_ERRORS:
            raise Rejected(NOT_VERIFIED if "not verified" in ses_error.get("Message", "") else code) from None
        raise Delayed(code, code in SENDING_PAUSED_ERRORS) from None
    except BotoCoreError as error:
        raise Delayed(type(error).__name__) from None
    message_id: str = response["MessageId"]
    return message_id
