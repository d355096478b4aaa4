"""How a binding's ``connection`` is found among the app settings.

Source: azure-webjobs-sdk and azure-sdk-for-net, WebJobsConfigurationExtensions (the name with
``AzureWebJobs`` before it goes first, in any letter case; a section that exists hides the plain name, whether
it can be used or not), and a run of the real host with two storage accounts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PREFIX = "AzureWebJobs"
DEFAULT = "AzureWebJobsStorage"


@dataclass(frozen=True)
class Section:
    """Settings under one name: a ``value``, or ``parts`` such as ``NAME__accountName``."""

    name: str
    value: str | None
    parts: tuple[str, ...]


def section(name: str, settings: Mapping[str, str], strings: Mapping[str, str]) -> Section | None:
    """What exists under ``name``: one string (ConnectionStrings first) or settings below it; None without."""
    wanted = name.lower()
    for values in (strings, settings):
        value = next(((key, text) for key, text in values.items() if key.lower() == wanted), None)
        parts = tuple(sorted(key for key in values if key.lower().startswith((f"{wanted}__", f"{wanted}:"))))
        if value is not None or parts:
            return Section(value[0] if value else name, value[1] if value else None, parts)
    return None


def find(asked: str, settings: Mapping[str, str], strings: Mapping[str, str]) -> Section | None:
    """The section that the platform would take for ``connection="asked"``."""
    return next(_candidates(asked, settings, strings), None)


def hidden(
    asked: str, settings: Mapping[str, str], strings: Mapping[str, str]
) -> tuple[Section, Section] | None:
    """The section taken and the one of the plain name that it hides, where both exist."""
    found = list(_candidates(asked, settings, strings))
    return (found[0], found[1]) if len(found) == 2 else None


def _candidates(asked: str, settings: Mapping[str, str], strings: Mapping[str, str]) -> Iterator[Section]:
    for name in (f"{PREFIX}{asked}", asked):
        if (found := section(name, settings, strings)) is not None:
            yield found
