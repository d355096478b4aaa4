"""infra/bicepconfig.json turns on every rule of the compiler. It prints no list, so that is read out of it.

The compiler is a .NET single file: a host program, the assemblies (deflated) behind it, and a manifest
(github.com/dotnet/designs, accepted/2020/single-file; the layout of version 6). The codes of the rules are
string literals in the assembly of the language.
"""

import json
import os
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests import bicep

COMPILER, INSTEAD = bicep.find(os.environ)
MARK = bytes.fromhex("8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae")
"""SHA-256 of ".net core bundle"; the eight bytes before it say where the manifest is."""
LITERAL = re.compile(rb"(.)((?:[a-z-]\x00){4,60})\x01", re.DOTALL)
"""The length in bytes and one more, UTF-16, and a byte that a hyphen makes 1 (ECMA-335, II.24.2.4)."""
OTHERS = {
    "api-version", "arm-template", "bicep-params", "br-mock", "disable-diagnostics", "disable-next-line",
    "restore-diagnostics", "sentinel-placeholder", "test-today", "test-warn-not-found", "us-ascii",
}  # fmt: skip
"""Literals with hyphens that are no rules; HTTP headers are none either."""


class Manifest:
    """The files of the bundle, read one field after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        (self.at,) = struct.unpack_from("<q", data, data.index(MARK) - 8)

    def number(self, form: str) -> int:
        (found,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return int(found)

    def text(self) -> str:
        length, shift = 0, 0
        while True:
            byte = self.number("<B")
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def file(self, wanted: str) -> bytes:
        """The content of a file. Raises LookupError."""
        assert self.number("<I") == 6
        self.number("<I")
        count = self.number("<i")
        self.text()
        self.at += 40  # where two JSON files are, and flags
        for _ in range(count):
            start, size, packed = (self.number("<q") for _ in range(3))
            self.number("<B")
            if self.text() == wanted:
                content = self.data[start : start + (packed or size)]
                return zlib.decompress(content, -15) if packed else content
        raise LookupError(wanted)


def rules() -> dict[str, dict[str, Any]]:
    text = (bicep.INFRA / "bicepconfig.json").read_text()
    config = json.loads(re.sub(r"^//.*\n", "", text, flags=re.MULTILINE))
    assert config["analyzers"]["core"]["enabled"] is True
    found: dict[str, dict[str, Any]] = config["analyzers"]["core"]["rules"]
    return found


def test_every_rule_is_on_and_no_finding_is_silenced() -> None:
    """A newer compiler knows newer versions of what the use-recent rules look at; errors would stop its use.
    `python -m tests.bicep` takes warnings for faults too.
    """
    assert len(rules()) == 55
    for name, rule in rules().items():
        assert rule["level"] == ("warning" if name.startswith("use-recent-") else "error"), name
    for name, path in bicep.sources(bicep.INFRA).items():
        assert not re.search(r"#\s*disable", path.read_text()), name


def test_an_api_version_is_the_newest_that_the_compiler_knows() -> None:
    """Otherwise one of the last two years would do, and the same files would be wrong on a later day."""
    assert rules()["use-recent-api-versions"]["maxAgeInDays"] == 0


@pytest.mark.skipif(COMPILER is None, reason=f"no Bicep {bicep.VERSION}: {INSTEAD}")
def test_the_rules_are_all_that_the_compiler_has() -> None:
    assert COMPILER
    assembly = Manifest(Path(COMPILER).read_bytes()).file("Azure.Bicep.Core.dll")
    found = {text.decode("utf-16-le") for size, text in LITERAL.findall(assembly) if size[0] == len(text) + 1}
    codes = {text for text in found if re.fullmatch(r"[a-z]+(-[a-z]+)+", text)}
    assert {text for text in codes if not text.startswith("x-ms-")} - OTHERS == rules().keys()
