"""The `first-operator` command. Operators may create practices.

The clinicians' API cannot create operators, so that nobody can give themselves that role.
"""

import argparse
import secrets

from operate import audit, aws
from operate.errors import CommandError

OPERATOR_PARTITION = "*"
"""Partition of the operators' memberships in the members table. No slug can be equal to it."""


def add_operator(args: argparse.Namespace) -> None:
    """Add an operator to the members table. With `--email`, also add the user to the user pool if missing.

    :raises CommandError: `--email` was given, but the stack has no user pool.
    """
    stack = aws.stack(args.stack)
    pool = stack.outputs.get("ClinicianPoolId")
    if args.email and not pool:
        raise CommandError(
            f"{stack.name} has no user pool of its own. Give the `sub` of the person's tokens as --subject."
        )
    person = args.email or args.subject
    if args.dry_run:
        print(f"Would make {person} an operator of {stack.name}.")
        return
    if args.email:
        subject, password = _ensure_user(str(pool), args.email, mail=not args.no_mail)
    else:
        subject, password = args.subject, None
    audit.add(stack, OPERATOR_PARTITION, "member_changed", f"operator:{subject}")
    aws.client("dynamodb").put_item(
        TableName=stack.resource("Members"),
        Item={"practice": {"S": OPERATOR_PARTITION}, "subject": {"S": subject}, "role": {"S": "operator"}},
    )
    print(f"{person} is an operator of {stack.name}. The sub of their tokens is {subject}")
    if password:
        print(f"Temporary password, valid for 7 days: {password}")
    elif args.email:
        print("If the user is new in the pool, there is a temporary password in their mail. It is valid for 7 days.")
    if args.email:
        print(f"To sign in and choose a password, they run: python -m operate token --stack {stack.name}")


def _ensure_user(pool: str, email: str, *, mail: bool) -> tuple[str, str | None]:
    """Return the `sub` of a user of the pool, and the temporary password if the user is new and gets no mail."""
    cognito = aws.client("cognito-idp")
    password = secrets.token_urlsafe(24)
    try:
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
            TemporaryPassword=password,
            **({"DesiredDeliveryMediums": ["EMAIL"]} if mail else {"MessageAction": "SUPPRESS"}),
        )
        shown_password = None if mail else password
    except cognito.exceptions.UsernameExistsException:
        shown_password = None
    attributes = cognito.admin_get_user(UserPoolId=pool, Username=email)["UserAttributes"]
    return next(attribute["Value"] for attribute in attributes if attribute["Name"] == "sub"), shown_password
