"""The table of guards, by area."""

from tools.mutants.guards.apps import APPS
from tools.mutants.guards.archive import ARCHIVE
from tools.mutants.guards.clinicians import CLINICIANS
from tools.mutants.guards.integrations import INTEGRATIONS
from tools.mutants.guards.limits import LIMITS
from tools.mutants.guards.links import LINKS
from tools.mutants.guards.mail import MAIL
from tools.mutants.guards.notices import NOTICES
from tools.mutants.guards.operations import OPERATIONS
from tools.mutants.guards.pins import PINS
from tools.mutants.guards.practices import PRACTICES
from tools.mutants.guards.providers import PROVIDERS
from tools.mutants.guards.requests import REQUESTS
from tools.mutants.guards.sessions import SESSIONS

GUARDS = (
    *LINKS,
    *SESSIONS,
    *LIMITS,
    *PINS,
    *PROVIDERS,
    *REQUESTS,
    *MAIL,
    *CLINICIANS,
    *PRACTICES,
    *ARCHIVE,
    *OPERATIONS,
    *INTEGRATIONS,
    *NOTICES,
    *APPS,
)
