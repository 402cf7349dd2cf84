"""The `package` command: upload one build, and record the SHA-256 of everything in it."""

import argparse
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from operate import aws
from operate.errors import CommandError

SAM = Path(".tools/sam/bin/sam")
BUILT = Path(".aws-sam/build/template.yaml")
TEMPLATE, DIGESTS = "template.yaml", "digests.json"
"""Files of a release."""


class _Loader(yaml.SafeLoader):
    """A loader that reads a tag of CloudFormation, such as `!Ref`, as the value below it."""


def _value_below(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    match node:
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case _:
            return loader.construct_scalar(node)  # type: ignore[arg-type] # nothing else is left


_Loader.add_multi_constructor("!", _value_below)


@dataclass(frozen=True, slots=True)
class Release:
    """An uploaded build: its packaged template, and what was uploaded."""

    folder: Path
    template_url: str
    objects: dict[str, str]
    """SHA-256 of each uploaded object, in hex, by `bucket/key`."""

    @property
    def template(self) -> bytes:
        """The packaged template."""
        return (self.folder / TEMPLATE).read_bytes()

    @property
    def digest(self) -> str:
        """SHA-256 of the list of digests, in hex. It stands for the whole release."""
        return _sha256((self.folder / DIGESTS).read_bytes())


def package(args: argparse.Namespace) -> None:
    """Upload the build of `sam build` once, with its template, and write the folder of the release.

    :raises CommandError: there is no build, or `sam package` fails.
    """
    if not args.built.exists():
        raise CommandError(f"{args.built} does not exist. Run: sam build")
    args.release.mkdir(parents=True, exist_ok=True)
    path = args.release / TEMPLATE
    _run_sam(args.built, args.bucket, path)
    content = path.read_bytes()
    key = f"{_sha256(content)}.template"
    s3 = aws.client("s3")
    s3.put_object(Bucket=args.bucket, Key=key, Body=content)
    objects = {f"{args.bucket}/{key}": _sha256(content)} | dict(_digests(content))
    document = {"template": f"{s3.meta.endpoint_url}/{args.bucket}/{key}", "objects": objects}
    (args.release / DIGESTS).write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")
    digest = read(args.release).digest
    write_output(digest=digest)
    print(f"Uploaded {len(objects)} objects to {args.bucket}. The release is {digest}")


def read(folder: Path) -> Release:
    """Return the release in a folder.

    :raises CommandError: the folder holds none.
    """
    try:
        document = json.loads((folder / DIGESTS).read_text())
    except FileNotFoundError:
        raise CommandError(f"{folder} holds no release. Run: make package") from None
    return Release(folder, document["template"], document["objects"])


def check(release: Release, expected: str | None) -> None:
    """Check that a release is the expected one, and that each object is unchanged since the upload.

    :raises CommandError: the release or an object differs, or the template names an object that is not in the release.
    """
    if expected and release.digest != expected:
        raise CommandError(f"The release is {release.digest}, and {expected} was built. Nothing was changed.")
    if release.objects.get(_place(release.template_url)) != _sha256(release.template):
        raise CommandError(f"{release.folder / TEMPLATE} is not the uploaded template. Nothing was changed.")
    found = {_place(release.template_url): _sha256(_get(_place(release.template_url)))} | dict(
        _digests(release.template)
    )
    for place in sorted(found.keys() | release.objects.keys()):
        if found.get(place) != release.objects.get(place):
            raise CommandError(f"s3://{place} is not what was built. Nothing was changed.")


def write_output(**values: str) -> None:
    """Give values to the later steps of a GitHub workflow. Does nothing elsewhere."""
    if path := os.environ.get("GITHUB_OUTPUT"):
        with Path(path).open("a") as file:
            file.writelines(f"{name.replace('_', '-')}={value}\n" for name, value in values.items())


def _run_sam(built: Path, artifacts: str, out: Path) -> None:
    command = [str(SAM), "package", "--template-file", str(built), "--s3-bucket", artifacts]
    command += ["--output-template-file", str(out), "--region", aws.client("s3").meta.region_name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - arguments of our own
    if done.returncode:
        raise CommandError(f"sam package: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def _digests(template: bytes) -> Iterator[tuple[str, str]]:
    """Yield place and SHA-256 of each object that a packaged template names, also in its nested templates."""
    for place, is_template in _places(yaml.load(template, _Loader)):  # noqa: S506 - a loader of plain values
        content = _get(place)
        yield place, _sha256(content)
        if is_template:
            yield from _digests(content)


def _places(value: Any) -> Iterator[tuple[str, bool]]:
    """Yield `bucket/key` of each uploaded object below a value, and True for a nested template."""
    match value:
        case {"S3Bucket": str(holder), "S3Key": str(key)}:
            yield f"{holder}/{key}", False
        case {"Bucket": str(holder), "Key": str(key)}:
            yield f"{holder}/{key}", False
        case {"TemplateURL": str(url)}:
            yield _place(url), True
        case dict():
            for part in value.values():
                yield from _places(part)
        case list():
            for part in value:
                yield from _places(part)
        case str() if value.startswith("s3://"):
            yield value.removeprefix("s3://"), False


def _place(url: str) -> str:
    """Return `bucket/key` of a URL in path style."""
    return urlsplit(url).path.lstrip("/")


def _get(place: str) -> bytes:
    holder, _, key = place.partition("/")
    content: bytes = aws.client("s3").get_object(Bucket=holder, Key=key)["Body"].read()
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
