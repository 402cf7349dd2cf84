"""The stack's own user pool, in which clinicians sign in."""

from botocore.exceptions import ClientError

from latchkey import aws, settings, tokens


def has_pool() -> bool:
    """Return True if the stack has a user pool of its own, and no foreign issuer."""
    return bool(settings.load().user_pool_id)


def invite(email: str) -> str:
    """Return the subject of the user with this address. A new user is created, and the pool mails them an invitation.

    :raises ClientError: the pool does not answer, or refuses the address.
    """
    pool = settings.load().user_pool_id
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    try:
        created = aws.call(
            "cognito-idp",
            "AdminCreateUser",
            UserPoolId=pool,
            Username=email,
            UserAttributes=attributes,
            # It works once, because the pool asks for another one then. The prefix meets any rule about characters.
            TemporaryPassword=f"Aa1-{tokens.base64url_encode(tokens.random_id())}",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "UsernameExistsException":
            raise
        known = aws.call("cognito-idp", "AdminGetUser", UserPoolId=pool, Username=email)
        found = known["UserAttributes"]
    else:
        found = created["User"]["Attributes"]
    return str(next(attribute["Value"] for attribute in found if attribute["Name"] == "sub"))


def address_of(subject: str) -> str | None:
    """Return the address of a user. None if the pool has no such user.

    :raises ClientError: the pool does not answer.
    """
    try:
        known = aws.call("cognito-idp", "AdminGetUser", UserPoolId=settings.load().user_pool_id, Username=subject)
    except ClientError as error:
        if not _is_unknown_user(error):
            raise
        return None
    return next(
        (str(attribute["Value"]) for attribute in known["UserAttributes"] if attribute["Name"] == "email"), None
    )


def delete(subject: str) -> None:
    """Delete a user, with their password and authenticator. Without such a user this does nothing.

    :raises ClientError: the pool does not answer.
    """
    try:
        aws.call("cognito-idp", "AdminDeleteUser", UserPoolId=settings.load().user_pool_id, Username=subject)
    except ClientError as error:
        if not _is_unknown_user(error):
            raise


def _is_unknown_user(error: ClientError) -> bool:
    return bool(error.response["Error"]["Code"] == "UserNotFoundException")
