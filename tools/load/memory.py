"""Resident memory of the functions' processes, read from `/proc`."""

import os
from pathlib import Path

from local.portal_process import PortalProcess

type Resident = dict[tuple[str, int], float]
"""Megabytes by function and process."""


def resident(portal: PortalProcess) -> Resident:
    """Return the resident memory of each process of this portal's functions. The result is empty without `/proc`."""
    here = f"AWS_ENDPOINT_URL={portal.address.endpoint}".encode()
    megabytes: Resident = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            pages = int((process / "statm").read_text().split()[1])
        except (OSError, IndexError):
            continue  # the process has ended, or belongs to another user
        names = [line for line in variables if line.startswith(b"AWS_LAMBDA_FUNCTION_NAME=")]
        if here in variables and names:
            function = names[0].partition(b"=")[2].decode()
            megabytes[function, int(process.name)] = pages * os.sysconf("SC_PAGESIZE") / 2**20
    return megabytes
