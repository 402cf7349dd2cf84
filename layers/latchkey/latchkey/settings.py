"""Settings of a function, read once from its environment variables. No other module of the package reads them.

A plain dataclass instead of pydantic, because importing pydantic would slow down every cold start
(docs/decisions/0003).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Literal, get_args

from latchkey.rules.providers import PROVIDER_NAMES, ProviderName

type Transport = Literal["lean", "botocore"]

TRANSPORTS: tuple[Transport, ...] = get_args(Transport.__value__)

MAX_LINK_HOURS = 24
"""Longest lifetime of a link in hours. A stack may set a shorter one."""


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One OpenID Connect provider. The environment names begin with the provider's name, as in `NAME_CLIENT_ID`."""

    client_id: str
    """Empty if the stack does not offer this provider."""
    issuer: str
    authorize_url: str
    token_url: str
    certs_url: str
    secret_arn: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one function. A setting is empty if the template does not give it to this function."""

    region: str
    transport: Transport
    """Calls to AWS go through the `transport` package, or through botocore's clients."""
    ca_bundle: str
    """File of the CA certificates that calls to AWS trust. Empty means botocore's."""
    fips: bool
    """True if calls to AWS go to FIPS endpoints."""
    stage: str
    """Purpose of the stack, such as `prod`."""
    portal_origin: str
    """Origin of the portal, such as `https://host`. Empty means the API's own address."""
    api_origin: str
    """Origin of the API itself, for a function that sends mail and gets no request. Empty for the others."""
    cloudfront_digests: tuple[str, ...]
    """SHA-256 digests, in hex, of the secret header that CloudFront adds. Empty if the API is not behind CloudFront."""
    practices_table: str
    accounts_table: str
    links_table: str
    pins_table: str
    oauth_states_table: str
    limits_table: str
    clients_table: str
    members_table: str
    idempotency_table: str
    events_table: str
    mail_queue_url: str
    probe_backend: str
    """Name of the function that acts as the clinician of the probe's practice."""
    lookup_key_arn: str
    cookie_key_arn: str
    link_key_arn: str
    pin_key_arn: str
    token_issuer: str
    """Issuer of the clinicians' tokens, exactly as their `iss` claim says."""
    token_client_ids: tuple[str, ...]
    token_scope: str
    console_client_id: str
    """Id of the console at a foreign issuer. Empty with the stack's own user pool."""
    console_secret_arn: str
    console_discovery_url: str
    """URL of the OpenID configuration of `token_issuer`. Empty means the issuer's own."""
    staff_sessions_table: str
    integrations_table: str
    notice_queue_url: str
    webhook_queue_url: str
    imports_table: str
    import_queue_url: str
    webhook_loopback: bool
    """True if webhooks may be sent to this machine, which only a local run allows."""
    event_bus: str
    user_pool_id: str
    """The stack's own user pool of clinicians. Empty with a foreign issuer."""
    providers: Mapping[ProviderName, ProviderSettings]
    sender_domain: str
    configuration_set: str
    link_seconds: int
    """Lifetime of a link in seconds, at most 24 hours."""
    practice_cache_seconds: int
    apple_app_ids: tuple[str, ...]
    android_package: str
    android_fingerprints: tuple[str, ...]


def in_lambda() -> bool:
    """Return True if Lambda runs this process. Only Lambda sets this environment variable."""
    return "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ


def endpoint_url(service: str) -> str:
    """Return the URL that replaces the endpoint of a service, or "". `service` is the end of botocore's variable."""
    return os.environ.get(f"AWS_ENDPOINT_URL_{service}") or os.environ.get("AWS_ENDPOINT_URL", "")


@cache
def access_keys() -> tuple[str, str, str | None] | None:
    """Return this function's credentials for AWS: access key, secret key and session token.

    Lambda sets them once. Return None if the environment has none, or has credentials that expire.
    """
    access_key, secret_key = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key or "AWS_CREDENTIAL_EXPIRATION" in os.environ:
        return None
    return access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN")


@cache
def load() -> Settings:
    """Return the settings of this function.

    :raises ValueError: a number cannot be parsed, `LINK_HOURS` is not 1 to 24, or `TRANSPORT` is unknown.
    """
    text = os.environ.get
    hours = int(text("LINK_HOURS", "24"))
    if not 1 <= hours <= MAX_LINK_HOURS:
        raise ValueError("LINK_HOURS must be 1 to 24")
    return Settings(
        region=text("AWS_REGION", "us-east-1"),
        transport=_transport(text("TRANSPORT", "lean")),
        ca_bundle=text("AWS_CA_BUNDLE", ""),
        fips=text("AWS_USE_FIPS_ENDPOINT", "").lower() == "true",
        stage=text("STAGE", "dev"),
        portal_origin=text("PORTAL_ORIGIN", ""),
        api_origin=text("API_ORIGIN", ""),
        cloudfront_digests=_comma_separated(text("CLOUDFRONT_DIGESTS", "")),
        practices_table=text("PRACTICES_TABLE", ""),
        accounts_table=text("ACCOUNTS_TABLE", ""),
        links_table=text("LINKS_TABLE", ""),
        oauth_states_table=text("STATES_TABLE", ""),
        pins_table=text("PINS_TABLE", ""),
        limits_table=text("BUDGETS_TABLE", ""),
        clients_table=text("CLIENTS_TABLE", ""),
        members_table=text("MEMBERS_TABLE", ""),
        idempotency_table=text("REPLAYS_TABLE", ""),
        events_table=text("EVENTS_TABLE", ""),
        probe_backend=text("PROBE_BACKEND", ""),
        mail_queue_url=text("MAIL_QUEUE_URL", ""),
        lookup_key_arn=text("LOOKUP_KEY_ARN", ""),
        cookie_key_arn=text("COOKIE_KEY_ARN", ""),
        link_key_arn=text("LINK_KEY_ARN", ""),
        pin_key_arn=text("PIN_KEY_ARN", ""),
        token_issuer=text("TOKEN_ISSUER", ""),
        token_client_ids=_comma_separated(text("TOKEN_CLIENT_IDS", "")),
        token_scope=text("TOKEN_SCOPE", ""),
        console_client_id=text("CONSOLE_CLIENT_ID", ""),
        console_secret_arn=text("CONSOLE_SECRET_ARN", ""),
        console_discovery_url=text("CONSOLE_DISCOVERY_URL", ""),
        staff_sessions_table=text("STAFFSESSIONS_TABLE", ""),
        integrations_table=text("INTEGRATIONS_TABLE", ""),
        notice_queue_url=text("NOTICE_QUEUE_URL", ""),
        webhook_queue_url=text("WEBHOOK_QUEUE_URL", ""),
        imports_table=text("IMPORTS_TABLE", ""),
        import_queue_url=text("IMPORT_QUEUE_URL", ""),
        webhook_loopback=text("WEBHOOK_LOOPBACK", "refused") == "allowed",
        event_bus=text("EVENT_BUS", ""),
        user_pool_id=text("USER_POOL_ID", ""),
        providers={name: _provider(f"{name.upper()}_") for name in PROVIDER_NAMES},
        sender_domain=text("SENDER_DOMAIN", ""),
        configuration_set=text("CONFIGURATION_SET", ""),
        link_seconds=hours * 3600,
        practice_cache_seconds=int(text("PRACTICE_CACHE_SECONDS", "30")),
        apple_app_ids=_comma_separated(text("APPLE_APP_IDS", "")),
        android_package=text("ANDROID_PACKAGE", ""),
        android_fingerprints=_comma_separated(text("ANDROID_FINGERPRINTS", "")),
    )


def _transport(name: str) -> Transport:
    for transport in TRANSPORTS:
        if name == transport:
            return transport
    raise ValueError(f"TRANSPORT must be one of {TRANSPORTS}")


def _provider(prefix: str) -> ProviderSettings:
    return ProviderSettings(
        **{field.name: os.environ.get(prefix + field.name.upper(), "") for field in fields(ProviderSettings)}
    )


def _comma_separated(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
