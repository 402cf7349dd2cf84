"""Packaging as `sam package` does it: upload code and layers to a bucket, named by their content."""

import copy
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local import sam_template
from local.aws import Address

BUCKET = sam_template.BUILT.removeprefix("s3://").rstrip("/")
COMPRESSION_LEVEL = 1
"""Level of zlib. A higher level takes longer and makes the archives hardly smaller."""


class Build:
    """The output of `sam build`, or a folder that needs no build, uploaded to the account's bucket."""

    def __init__(self, folder: Path, address: Address) -> None:
        self.folder = folder
        self._s3 = address.client("s3")
        self._s3.create_bucket(Bucket=BUCKET)
        self.document: dict[str, Any] = yaml_parse((folder / "template.yaml").read_text())
        for resource in self._packaged():
            key = _code_property(resource)
            resource["Properties"][key] = self.put(zip_folder(folder / resource["Properties"][key]))

    def replace(self, logical_id: str, name: str, content: str) -> None:
        """Replace one file of a function or a layer, for later deployments."""
        resource = self.document["Resources"][logical_id]
        files = {name: content.encode()}
        resource["Properties"][_code_property(resource)] = self.put(zip_folder(self.folder / logical_id, files))

    def template(self, parameters: dict[str, str]) -> dict[str, Any]:
        """Return the template after SAM's transform, with these parameters."""
        defaults = {name: str(declared.get("Default", "")) for name, declared in self.document["Parameters"].items()}
        return sam_template.transformed(copy.deepcopy(self.document), defaults | parameters)

    def put_template(self, name: str, body: str) -> str:
        """Upload a template and return its URL. It is too long for the body of a request."""
        self._s3.put_object(Bucket=BUCKET, Key=name, Body=body.encode())
        return f"{self._s3.meta.endpoint_url}/{BUCKET}/{name}"

    def _packaged(self) -> list[dict[str, Any]]:
        return [
            part for part in self.document["Resources"].values() if _code_property(part) in part.get("Properties", {})
        ]

    def put(self, content: bytes) -> str:
        """Upload an archive, and return its key."""
        key = f"{hashlib.sha256(content).hexdigest()}.zip"
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return key


def zip_folder(folder: Path, replacements: dict[str, bytes] | None = None) -> bytes:
    """Return a folder as a zip archive. The same content makes the same archive.

    `replacements` holds the content of files that differ from the folder.
    """
    contents = replacements or {}
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = str(path.relative_to(folder))
                archive.writestr(_entry(name), contents.get(name) or path.read_bytes())
    return archived.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # dated 1980, the default of the format
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _code_property(resource: dict[str, Any]) -> str:
    return "ContentUri" if resource["Type"] == "AWS::Serverless::LayerVersion" else "CodeUri"
