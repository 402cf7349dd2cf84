"""The clinician of the probe's practice: answers the probe, and nobody else."""

from latchkey.probe import backend

handle = backend.handle
