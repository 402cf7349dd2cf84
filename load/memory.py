"""What the functions' processes hold in memory, as Linux tells it."""

import os
from pathlib import Path

from local.portal_process import PortalProcess

type Resident = dict[tuple[str, int], float]
"""Megabytes by function and process."""


def resident(portal: PortalProcess) -> Resident:
    """What each process of this portal's functions holds now; nothing where there is no `/proc`."""
    here = f"AWS_ENDPOINT_URL={portal.address.endpoint}".encode()
    found: Resident = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            pages = int((process / "statm").read_text().split()[1])
        except (OSError, IndexError):
            continue  # it has ended, or is someone else's
        names = [told for told in variables if told.startswith(b"AWS_LAMBDA_FUNCTION_NAME=")]
        if here in variables and names:
            found[names[0].partition(b"=")[2].decode(), int(process.name)] = pages * os.sysconf("SC_PAGESIZE") / 2**20
    return found
