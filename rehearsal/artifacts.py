"""What `sam package` does: code and layers go into a bucket, under names that change with what is in them."""

import copy
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import yaml

from local import sam_template
from local.aws import Address

BUCKET = sam_template.BUILT.removeprefix("s3://").rstrip("/")
LIGHTLY = 1
"""zlib's level: the wheels are packed again by their zips in a second, and little smaller at a higher one."""


class Build:
    """A folder that `sam build` wrote, packed into the account's bucket."""

    def __init__(self, folder: Path, address: Address) -> None:
        self._folder = folder
        self._s3 = address.client("s3")
        self._s3.create_bucket(Bucket=BUCKET)
        self.document: dict[str, Any] = yaml.safe_load((folder / "template.yaml").read_text())
        for resource in self._packaged():
            place = _place(resource)
            resource["Properties"][place] = self._put(packed(folder / resource["Properties"][place]))

    def replace(self, logical_id: str, name: str, content: str) -> None:
        """Have another content in one file of a function or a layer from now on."""
        resource = self.document["Resources"][logical_id]
        files = {name: content.encode()}
        resource["Properties"][_place(resource)] = self._put(packed(self._folder / logical_id, files))

    def template(self, parameters: dict[str, str]) -> dict[str, Any]:
        """The template that CloudFormation would get after SAM's transform, with these parameters."""
        defaults = {name: str(told.get("Default", "")) for name, told in self.document["Parameters"].items()}
        return sam_template.transformed(copy.deepcopy(self.document), defaults | parameters)

    def put_template(self, name: str, body: str) -> str:
        """Where CloudFormation can fetch a template that is longer than a request may be."""
        self._s3.put_object(Bucket=BUCKET, Key=name, Body=body.encode())
        return f"{self._s3.meta.endpoint_url}/{BUCKET}/{name}"

    def _packaged(self) -> list[dict[str, Any]]:
        return [part for part in self.document["Resources"].values() if _place(part) in part.get("Properties", {})]

    def _put(self, content: bytes) -> str:
        key = f"{hashlib.sha256(content).hexdigest()}.zip"
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return key


def packed(folder: Path, instead: dict[str, bytes] | None = None) -> bytes:
    """A folder as a zip, with some of its files read from `instead`; the same content makes the same zip."""
    other = instead or {}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=LIGHTLY) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = str(path.relative_to(folder))
                archive.writestr(_entry(name), other.get(name) or path.read_bytes())
    return made.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # of 1980, as the format has it
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _place(resource: dict[str, Any]) -> str:
    return "ContentUri" if resource["Type"] == "AWS::Serverless::LayerVersion" else "CodeUri"
