"""Machine credentials: how a practice system calls the API of its practice."""

from dataclasses import dataclass, field

MAX_CREDENTIALS = 20
"""Credentials of one practice that are not revoked. A practice has a handful of systems."""
TOKEN_SECONDS = 3600
"""Lifetime of an access token, the same as in the stack's user pool."""
SCOPE = "latchkey/admin"
"""The OAuth scope of an access token, the same as that of a clinician's."""
TOKEN_PATH = "/admin/m1/token"  # noqa: S105 - a path
"""The path of the requests for access tokens."""
API_PATH = "/admin/m1"
"""The start of all routes of practice systems."""
SUBJECT_PREFIX = "machine:"
"""Start of the subject of a practice system. The service makes the subject itself, so it is never a `sub`."""
SECRET_PREFIX = "lks_"  # noqa: S105 - the start of every secret, which scanners of source code look for
"""Start of every client secret, so that a scanner of source code can find one that was left there."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A practice system with credentials."""

    practice: str
    id: str
    """ULID."""
    name: str = field(repr=False)
    """The name that the audit shows."""
    digest: str = field(repr=False)
    """Digest of the client secret."""
    created_by: str
    """The `sub` of the admin."""
    created_at: int
    """Unix seconds."""
    used_at: int | None = None
    """Unix seconds of the newest access token."""
    revoked_at: int | None = None
    """Unix seconds."""

    @property
    def subject(self) -> str:
        """The actor of audit events."""
        return SUBJECT_PREFIX + self.id

    @property
    def client_id(self) -> str:
        """The id of the OAuth client."""
        return f"{self.practice}.{self.id}"

    @property
    def api_path(self) -> str:
        """The base of the routes that the system may call."""
        return f"{API_PATH}/practices/{self.practice}"


def parse_client_id(client_id: str) -> tuple[str, str]:
    """Return the practice and the credential's id in the id of an OAuth client. The text is not verified."""
    practice, _, machine_id = client_id.partition(".")
    return practice, machine_id
