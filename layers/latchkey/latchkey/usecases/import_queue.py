"""The queue of imports. A message names an import and holds nothing else."""

import json
from dataclasses import dataclass

from latchkey import aws, settings


@dataclass(frozen=True, slots=True)
class ImportJob:
    """An import to be continued."""

    practice: str
    import_id: str


def send(job: ImportJob, delay: int = 0) -> None:
    """Queue an import, to be continued after `delay` seconds, or after `aws.MAX_DELAY_SECONDS` if that is less.

    :raises BotoCoreError: the queue does not answer.
    :raises ClientError: the queue answers with an error.
    """
    body = json.dumps({"practice": job.practice, "import": job.import_id})
    aws.queue_message(settings.load().import_queue_url, body, delay)


def parse(body: str) -> ImportJob:
    """Return the import that a message names.

    :raises ValueError: the message names none.
    """
    try:
        fields = json.loads(body)
        return ImportJob(str(fields["practice"]), str(fields["import"]))
    except (KeyError, TypeError) as error:
        raise ValueError("not an import") from error
