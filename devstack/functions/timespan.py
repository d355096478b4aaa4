"""Durations as host.json writes them: ``d.hh:mm:ss.fff``."""

import re

from devstack.functions.errors import ConfigurationError

_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,7})?)?")


def seconds(text: object, where: str) -> float:
    """Seconds of a .NET TimeSpan text. ``ConfigurationError`` names ``where`` the text stands."""
    match = _SPAN.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ConfigurationError(f"{where} is {text!r}: write a time span such as 00:00:05 or 00:00:00.100")
    days, hours, minutes, secs, fraction = match.groups()
    whole = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(secs or 0)
    return whole + float(fraction or 0)
