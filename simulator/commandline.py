"""What a command line of commands shares: ``--json``, exit codes, faults in one line, ``--version``.

A command is a function: its parameters are its options, its docstring the help, and it returns an
:class:`Answer`. What it raises is one line where a person can mend it, and a traceback where it is a bug of
ours; both end with 2. It imports what it needs when it is called, so that help and completion are quick.
devstack/commandline.py and simulator/commandline.py are one text, as both packages stand alone; a test
compares them.
"""

import functools
import inspect
import json
import os
import sys
import tomllib
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command


class Exit(IntEnum):
    """How a command ends."""

    DONE = 0
    WRONG = 1
    NOT_DONE = 2
    NOT_YET = 3
    STOPPED = 130


MEANING = {
    Exit.DONE: "done, and as it should be",
    Exit.WRONG: "done, and something is wrong: the command says what",
    Exit.NOT_DONE: "not done: the words, the settings, the input, something that does not answer, or a bug",
    Exit.NOT_YET: "not yet: ask again later",
    Exit.STOPPED: "ended by Ctrl-C; what runs until Ctrl-C ends with 0",
}


class NotDone(Exception):
    """Why a command cannot do its work, for whom it may concern: shown as it is, without a traceback."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found: ``data`` is JSON for programs, ``text`` for people."""

    data: Any
    text: str = ""
    code: Exit = Exit.DONE
    wrong: str = ""
    """What is wrong; on stderr, also beside JSON."""

    def tell(self, *, as_json: bool) -> None:
        """Print it: JSON is one line."""
        if aside := self.wrong or (self.text if as_json and self.code else ""):
            print(aside, file=sys.stderr, flush=True)
        if as_json or self.text:
            print(json.dumps(self.data, ensure_ascii=False) if as_json else self.text, flush=True)


Work = Callable[..., Answer | None]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, in one line on stdout.")]
MENDABLE = frozenset({"ValueError", "RuntimeError", "OSError", "azure"})
"""Exceptions by class, and by the package of SDKs that need not be imported to be told apart."""
WHOLE = frozenset({"NotDone"})
"""Those whose text was written for people: they are told with all their lines."""


def teller(*, as_json: bool) -> Callable[[str], None]:
    """Says what is done while it is done: on stdout, or beside JSON on stderr."""
    return lambda line: print(line, file=sys.stderr if as_json else sys.stdout, flush=True)


def version(distribution: str, project: Path) -> str:
    """Of the pyproject.toml that the code lies beside, else of what was installed."""
    if project.exists():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version(distribution)


class InOrder(TyperGroup):
    """Names its commands by the alphabet."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx))


class Told(NamedTuple):
    """Which faults are told in a line: those that may be mended, and those that say all in themselves."""

    mendable: Collection[str] = MENDABLE
    whole: Collection[str] = WHOLE


class Program:
    """A command line; ``shared``: options that may stand before the command too → with a value?."""

    def __init__(
        self, name: str, about: str, version: Callable[[], str], *,
        shared: Mapping[str, bool] | None = None, told: Told | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.mendable, self.whole = told or Told()
        self.shared = {"--json": False} | dict(shared or {})
        self.app = typer.Typer(
            name=name, help=about, cls=InOrder, rich_markup_mode=None, pretty_exceptions_enable=False
        )

        def show(wanted: bool) -> None:
            if wanted:
                print(f"{name} {version()}")
                raise typer.Exit

        told = typer.Option("--version", help="Print the version.", callback=show, is_eager=True)

        self.app.callback()(self._word({"version": (Annotated[bool, told], False)}))

    def group(self, name: str, about: str) -> typer.Typer:
        """Commands below a word of their own."""
        found = typer.Typer(name=name, help=about, rich_markup_mode=None)
        found.callback()(self._word({}))
        self.app.add_typer(found, name=name)
        return found

    def _word(self, options: Mapping[str, tuple[Any, Any]]) -> Callable[..., None]:
        """What a word alone does: nothing. It takes the shared options, as only a word is missing."""

        def nothing(**_: Any) -> None:
            pass

        kinds = {True: (str | None, None), False: (bool, False)}
        shared = {
            name.strip("-"): (Annotated[kinds[valued][0], typer.Option(name, hidden=True)], kinds[valued][1])
            for name, valued in self.shared.items()
        }
        return with_options(nothing, lambda: None, {**options, **shared})

    def default(self, group: typer.Typer) -> Callable[[Work], Work]:
        """Register what a group's own word does, where no command follows it."""

        def register(work: Work) -> Work:
            answering = self.answering(work)

            @functools.wraps(work)
            def called(*, context: typer.Context, **options: Any) -> Answer | None:
                return None if context.invoked_subcommand else answering(**options)

            required = inspect.Parameter.empty
            shown = with_options(called, answering, {"context": (typer.Context, required)})
            group.callback(invoke_without_command=True, help=shown.__doc__)(shown)
            return work

        return register

    def command(self, name: str, group: typer.Typer | None = None) -> Callable[[Work], Work]:
        """Register a function; one that has a parameter ``as_json`` is told, the others need not know."""

        def register(work: Work) -> Work:
            (group or self.app).command(name)(self.answering(work))
            return work

        return register

    def answering(self, work: Work) -> Work:
        """The function with ``--json``."""
        knows = "as_json" in inspect.signature(work).parameters

        @functools.wraps(work)
        def called(*, as_json: bool, **options: Any) -> Answer | None:
            return work(**options, **({"as_json": as_json} if knows else {}))

        return with_options(called, work, {"as_json": (Json, False)})

    def main(self, argv: Sequence[str]) -> int:
        """Do what the words say; the exit code."""
        words = moved_behind(argv, self.shared)
        as_json = "--json" in words
        try:
            if not words and f"_{self.name.upper()}_COMPLETE" not in os.environ:
                with redirect_stdout(sys.stderr):
                    get_command(self.app).main(["--help"], prog_name=self.name, standalone_mode=False)
                return Exit.NOT_DONE
            found = get_command(self.app).main(words, prog_name=self.name, standalone_mode=False)
        except typer.TyperException as fault:
            return self._failed(_usage(fault, self.name), as_json=as_json)
        except Exception as fault:  # noqa: BLE001 - told in a line, or with its traceback
            return self.fault(fault, words, as_json=as_json)
        if isinstance(found, Answer):
            return _told_to_the_end(found, as_json=as_json)
        if found == Exit.STOPPED:
            return self._failed("", as_json=as_json, code=Exit.STOPPED)
        return int(found or 0)

    def fault(self, fault: Exception, words: Sequence[str], *, as_json: bool = False) -> int:
        """Tell what the command that these words name has raised; the exit code."""
        return self._failed(self._told(fault, words), as_json=as_json)

    def _told(self, fault: Exception, words: Sequence[str]) -> str:
        """A fault in words; a bug's traceback is printed first, and any other's where it is asked for."""
        setting = f"{self.name.upper()}_TRACEBACK"
        told, line = explained(fault, self.whole), explained(fault, self.mendable)
        where = self._path(words)
        if (told or line) is None or os.environ.get(setting):
            traceback.print_exception(fault)
        if told is not None:
            return f"{where}: {told}"
        if line is None:
            return f"{where}: this is a bug: {type(fault).__name__}: {fault}"
        return f"{where}: {next(iter(line.splitlines()), '')} ({setting}=1 shows where)"

    def _path(self, words: Sequence[str]) -> str:
        """The command's name as it was called: as many words as name one."""
        below, names = getattr(get_command(self.app), "commands", {}), [self.name]
        for word in words:
            if word not in below:
                break
            names.append(word)
            below = getattr(below[word], "commands", {})
        return " ".join(names)

    @staticmethod
    def _failed(line: str, *, as_json: bool, code: Exit = Exit.NOT_DONE) -> int:
        if line:
            print(line, file=sys.stderr, flush=True)
        if as_json:
            print(json.dumps({"error": line or MEANING[code], "exitCode": int(code)}), flush=True)
        return code


def _told_to_the_end(answer: Answer, *, as_json: bool) -> int:
    try:
        answer.tell(as_json=as_json)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return answer.code


def with_options(
    called: Callable[..., Any], work: Callable[..., Any], added: Mapping[str, tuple[Any, Any]],
    hidden: Collection[str] = (),
) -> Callable[..., Any]:  # fmt: skip
    """``called`` with the parameters of ``work``, but those ``hidden``, and others: annotation, default."""
    kept = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, one in inspect.signature(work, eval_str=True).parameters.items()
        if name not in {*added, *hidden}
    ]
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, (annotation, default) in added.items()
    ]
    called.__signature__ = inspect.Signature(kept + more)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in kept + more}
    called.__doc__ = (work.__doc__ or "").replace("``", "`")
    return called


def moved_behind(argv: Sequence[str], options: Mapping[str, bool]) -> list[str]:
    """The words with these options behind the others, so that they may stand before the command too."""
    kept: list[str] = []
    moved: list[str] = []
    rest = list(argv)
    while rest and rest[0] != "--":
        word = rest.pop(0)
        name, _, value = word.partition("=")
        (moved if name in options else kept).append(word)
        if options.get(name) and not value and rest:
            moved.append(rest.pop(0))
    return [*kept, *moved, *rest]


def explained(fault: BaseException, kinds: Collection[str]) -> str | None:
    """The text of a fault that is one of these kinds, or of the first below it that is; None for others."""
    for one in _leaves(fault):
        found = {kind.__name__ for kind in type(one).__mro__} | {type(one).__module__.partition(".")[0]}
        if found & set(kinds):
            return str(one).strip() or type(one).__name__
    return None


def _leaves(fault: BaseException) -> Iterator[BaseException]:
    if isinstance(fault, BaseExceptionGroup):
        for one in fault.exceptions:
            yield from _leaves(one)
    else:
        yield fault


def closest(word: str, names: Collection[str]) -> str:
    """The one that looks most like it."""
    return max(names, key=lambda name: SequenceMatcher(None, word, name).ratio())


def _usage(fault: typer.TyperException, name: str) -> str:
    """What is wrong with the words, in one line, with what may have been meant."""
    context = getattr(fault, "ctx", None)
    where = context.command_path if context else name
    meant = getattr(fault, "possibilities", None)
    line = fault.message if meant else fault.format_message()
    hint = f". Did you mean {closest(getattr(fault, 'option_name', ''), meant)}?" if meant else ""
    text = " ".join(line.split()).replace("Value error, ", "")
    return f"{where}: {text}{hint} ({where} --help says more)"
