"""What is deployed (what ``.funcignore`` leaves of this folder), as a zip or a folder.

The same files as ``func azure functionapp publish`` and the GitHub action take. With ``--telemetry`` the
package asks for Azure's OpenTelemetry distribution too (docs/operations.md). It is imported in a clean
interpreter first, and refused where that fails or a function of this checkout is not in it; likewise where a
requirement names no hash, because Azure would then install whatever it is served on that day.
"""

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from vendctl.indexing import check, functions, interpreter
from vending.settings import VERSION

ROOT = Path(__file__).parents[1]
REQUIRED = ("function_app.py", "host.json", "requirements.txt")
WITH_TELEMETRY = "requirements-telemetry.txt"
WEB_LOCK, VENDOR = "web/package-lock.json", "web/vendor/swagger-ui-bundle.js"
"""What the API's page needs from npm, and that set-up has brought it."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry of a zip: same files, same bytes."""


@dataclass(frozen=True)
class Rule:
    """One line of an ignore file."""

    pattern: str
    anchored: bool
    folders_only: bool
    keeps: bool

    @classmethod
    def read(cls, line: str) -> "Rule":
        """A line by git's rules. Raises ValueError for what not every tool reads alike."""
        text = line.removeprefix("!")
        if "**" in text or "\\" in text:
            raise ValueError(f".funcignore: {line!r} uses ** or a backslash, which tools read differently")
        bare = text.strip("/")
        return cls(bare, "/" in text.rstrip("/"), text.endswith("/"), line.startswith("!"))

    def names(self, path: Path, folder: bool) -> bool:
        """Whether the line speaks of that path (relative to the file's folder)."""
        if self.folders_only and not folder:
            return False
        if not self.anchored:
            return fnmatchcase(path.name, self.pattern)
        parts = self.pattern.split("/")
        pairs = zip(path.parts, parts, strict=False)
        return len(path.parts) == len(parts) and all(fnmatchcase(name, part) for name, part in pairs)


def rules(text: str) -> list[Rule]:
    """The lines of an ignore file that say something."""
    lines = [line.rstrip() for line in text.splitlines()]
    return [Rule.read(line) for line in lines if line and not line.startswith("#")]


def files(root: Path) -> list[Path]:
    """The files to deploy, relative to the root, in order."""
    found = rules((root / ".funcignore").read_text())
    return sorted(_kept(root, root, found))


def _kept(root: Path, folder: Path, found: Sequence[Rule]) -> Iterator[Path]:
    for path in folder.iterdir():
        relative, is_folder = path.relative_to(root), path.is_dir()
        said = [rule.keeps for rule in found if rule.names(relative, is_folder)]
        if said and not said[-1]:
            continue
        if is_folder:
            yield from _kept(root, path, found)
        else:
            yield relative


def build(root: Path, target: Path, *, telemetry: bool = False, version: str = "") -> list[Path]:
    """Write the package: a zip where the name ends so, else a new folder. Raises OSError, ValueError.

    ``version`` becomes the file that :func:`vending.settings.version` reads.
    """
    chosen = files(root)
    if missing := [name for name in REQUIRED if Path(name) not in chosen]:
        raise ValueError(f"the package would hold no {', '.join(missing)}: see .funcignore")
    contents = {path: (root / path).read_bytes() for path in chosen}
    if telemetry:
        contents[Path("requirements.txt")] = (root / WITH_TELEMETRY).read_bytes()
    if version:
        contents[Path(VERSION)] = version.encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    (_zip if target.suffix == ".zip" else _folder)(target, contents)
    return list(contents)


def tried(root: Path, *, telemetry: bool = False) -> set[str]:
    """The functions of the package, imported from it. Raises OSError, and ValueError with one line."""
    if (root / WEB_LOCK).exists() and not (root / VENDOR).exists():
        raise ValueError(f"the package is refused: it would lack {VENDOR}; run: make setup")
    requirements = WITH_TELEMETRY if telemetry else "requirements.txt"
    if bare := unhashed((root / requirements).read_text()):
        raise ValueError(f"the package is refused: {requirements} has no hash for {', '.join(bare)}")
    python = interpreter(requirements)
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app"
        build(root, app, telemetry=telemetry)
        try:
            expected = functions(root, python)
            check(app, expected, python)
        except ValueError as fault:
            raise ValueError(f"the package is refused: {fault}") from fault
        return expected


def unhashed(text: str) -> list[str]:
    """The requirements of a file that name no hash, as they stand there (pip's hash-checking mode)."""
    lines = (line.strip() for line in text.replace("\\\n", " ").splitlines())
    return [line.split()[0] for line in lines if line and not line.startswith("#") and "--hash=" not in line]


def _zip(target: Path, contents: dict[Path, bytes]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            entry = zipfile.ZipInfo(path.as_posix(), EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)


def _folder(target: Path, contents: dict[Path, bytes]) -> None:
    target.mkdir()
    for path, content in contents.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
