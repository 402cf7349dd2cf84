"""Setup of all tests: the environment that the template declares, and compiled translations."""

import gc
import os
from pathlib import Path

import pytest
from _pytest import runner
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hypothesis import settings

from tests.kit import sam_template

CATALOGS = Path(__file__).parent.parent / "layers" / "latchkey" / "latchkey" / "catalogs"

ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "PORTAL_ORIGIN": "https://portal.example.com",
    "SENDER_DOMAIN": "mail.example.com",
    "CONFIGURATION_SET": "ConfigurationSet",
    "PRACTICE_CACHE_SECONDS": "0",
    "POWERTOOLS_SERVICE_NAME": "latchkey",
} | {f"{table.upper()}_TABLE": table for table in sam_template.resources("AWS::DynamoDB::Table")}

# This comes before any import of the package, which reads its settings and table names once.
for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTOOLS_"))]:
    del os.environ[name]
os.environ.update(ENVIRONMENT)

settings.register_profile("latchkey", deadline=None, derandomize=True, database=None)
settings.load_profile("latchkey")

# Python would look for cycles at intervals that take a fifth of the CPU time of all tests.
gc.set_threshold(50_000, 20, 50)


def pytest_configure(config: pytest.Config) -> None:  # noqa: ARG001 - pytest knows its hooks by their parameters' names
    """Compile the catalogs that have changed since they were compiled."""
    for written in CATALOGS.glob("*/LC_MESSAGES/*.po"):
        compiled = written.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < written.stat().st_mtime:
            with written.open("rb") as source, compiled.open("wb") as target:
                write_mo(target, read_po(source))


def _run(item: pytest.Item, next_item: pytest.Item | None) -> bool:
    return runner.pytest_runtest_protocol(item, next_item)


# CPython keeps the frames of calls in chunks of 16 kB, and returns an empty chunk to the system at once. A loop at the
# edge of a chunk then gets and returns memory at every call, which takes twenty times as long. After a frame of 1.1 MB
# all further ones lie in one chunk.
_run.__code__ = _run.__code__.replace(co_stacksize=140_000)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test where no call of it meets the edge of the interpreter's memory for frames."""
    return _run(item, nextitem)
