"""The methods of dataclasses, compiled while the layer is built.

At every start, `dataclass` writes the methods of a class as source text and compiles the text. That takes a fifth of a
cold start (docs/decisions/0042). After `use`, `dataclass` gets the compiled code of such a text from a file. A text
that the file lacks is compiled as usual.
"""

import dataclasses
import marshal
from collections.abc import Callable
from importlib.util import MAGIC_NUMBER, source_hash
from io import FileIO
from os import SEEK_END, path, pread
from types import CodeType
from typing import Any

FILE = path.join(path.dirname(__file__), "dataclasses.bin")  # noqa: PTH118, PTH120 - pathlib takes milliseconds to load
"""The file of compiled code, which exists only in a built layer.

It has four parts: the version of the byte code, the compiled code of each text, an index by the texts' digests, and the
position of the index. A start reads only the code of the classes that it makes.
"""

PLACE_BYTES = 4


def write(code: dict[str, CodeType]) -> None:
    """Write the file. `code` is the compiled code by its text."""
    content, places = MAGIC_NUMBER, {}
    for text, compiled in code.items():
        marshalled = marshal.dumps(compiled)
        places[digest(text)] = len(content), len(marshalled)
        content += marshalled
    start = len(content).to_bytes(PLACE_BYTES)
    with open(FILE, "wb") as file:  # noqa: PTH123 - as FILE
        file.write(content + marshal.dumps(places) + start)


def use() -> None:
    """Let `dataclass` take the code from the file, if there is one for this version of Python."""
    try:
        file = open(FILE, "rb", buffering=0)  # noqa: PTH123, SIM115 - as FILE; it is read as long as classes are made
    except FileNotFoundError:
        return
    places = index(file)

    def execute(text: str, names: dict[str, Any], defined: dict[str, Any]) -> None:
        code: str | CodeType = text
        if found := places.get(digest(text)):
            place, length = found
            code = marshal.loads(pread(file.fileno(), length, place))  # noqa: S302 - part of the layer
        exec(code, names, defined)  # noqa: S102 - as `dataclass` does

    if places:
        execute_by(execute)


def execute_by(execute: Callable[[str, dict[str, Any], dict[str, Any]], None]) -> None:
    """Let `dataclass` call this in place of `exec`, with a text, its globals and its locals."""
    # It looks for `exec` in its own module before it looks among the built-in functions.
    setattr(dataclasses, "exec", execute)  # noqa: B010 - mypy knows of no such name


def digest(text: str) -> bytes:
    """Return what the index has for a text: the digest by which Python knows the source of a compiled module."""
    return source_hash(text.encode())


def index(file: FileIO) -> dict[bytes, tuple[int, int]]:
    """Return the position and length of each compiled code, by the digest of its text. Empty for another Python."""
    if file.read(len(MAGIC_NUMBER)) != MAGIC_NUMBER:
        return {}
    end = file.seek(-PLACE_BYTES, SEEK_END)
    file.seek(start := int.from_bytes(file.read(PLACE_BYTES)))
    found: dict[bytes, tuple[int, int]] = marshal.loads(file.read(end - start))  # noqa: S302 - part of the layer
    return found
