"""Hosts of AWS services, by region."""

from dataclasses import dataclass

DNS_SUFFIXES = (
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
)
"""Suffixes of host names, by the start of the region's name. All other regions have `amazonaws.com`."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service of AWS, and the form of its requests."""

    endpoint_prefix: str
    signing_name: str
    environment_name: str
    """The end of the service's own `AWS_ENDPOINT_URL_...`."""
    target_prefix: str = ""
    """The start of `x-amz-target`. Empty for a service that has a path for each operation."""
    json_version: str = ""
    paths: tuple[tuple[str, str], ...] = ()
    """The path of each operation, for services that have them."""
    fips_by_default: tuple[str, ...] = ()
    """Starts of the names of regions where the usual host is the FIPS host."""
    adds_idempotency_token: tuple[str, ...] = ()
    """Operations that take a `ClientRequestToken`, by which AWS carries a repeated request out once."""
    transient_codes: frozenset[str] = frozenset()
    """Error codes with status 400 that another try may not meet, besides those of all services."""


SERVICES = {
    "dynamodb": Service(
        "dynamodb",
        "dynamodb",
        "DYNAMODB",
        "DynamoDB_20120810",
        "1.0",
        adds_idempotency_token=("TransactWriteItems",),
        transient_codes=frozenset(("TransactionInProgressException",)),
    ),
    "sqs": Service(
        "sqs", "sqs", "SQS", "AmazonSQS", "1.0", fips_by_default=("us-gov-", "us-iso-", "us-isob-east-", "us-isof-")
    ),
    "cognito-idp": Service(
        "cognito-idp", "cognito-idp", "COGNITO_IDENTITY_PROVIDER", "AWSCognitoIdentityProviderService", "1.1"
    ),
    "secretsmanager": Service("secretsmanager", "secretsmanager", "SECRETS_MANAGER", "secretsmanager", "1.1"),
    "codedeploy": Service("codedeploy", "codedeploy", "CODEDEPLOY", "CodeDeploy_20141006", "1.1"),
    "events": Service("events", "events", "EVENTBRIDGE", "AWSEvents", "1.1", fips_by_default=("us-gov-",)),
    "sesv2": Service("email", "ses", "SESV2", paths=(("SendEmail", "/v2/email/outbound-emails"),)),
}
"""The services that a function calls, by botocore's name."""


def function(name: str) -> Service:
    """Return Lambda as a service with one operation, which invokes one function."""
    return Service("lambda", "lambda", "LAMBDA", paths=(("Invoke", f"/2015-03-31/functions/{name}/invocations"),))


def url(service: Service, region: str, *, configured: str = "", fips: bool = False) -> str:
    """Return the URL of a service's endpoint. A `configured` one goes first."""
    if configured:
        return configured
    suffix = next((suffix for start, suffix in DNS_SUFFIXES if region.startswith(start)), "amazonaws.com")
    if fips and not region.startswith(service.fips_by_default):
        return f"https://{service.endpoint_prefix}-fips.{region}.{suffix}"
    return f"https://{service.endpoint_prefix}.{region}.{suffix}"
