"""Durations as host.json writes them: ``d.hh:mm:ss.fff``."""

import re

from devstack.functions.errors import ConfigurationError

_SPAN = re.compile(r"(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,7})?)?")


def seconds(text: object, where: str, *, signed: bool = False) -> float:
    """Seconds of a .NET TimeSpan text. ``ConfigurationError`` names ``where`` the text stands.

    ``signed`` takes a span below zero too, as the platform does where it checks nothing.
    """
    match = _SPAN.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or (match[1] and not signed):
        raise ConfigurationError(f"{where} is {text!r}: write a time span such as 00:00:05 or 00:00:00.100")
    minus, days, hours, minutes, secs, fraction = match.groups()
    whole = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(secs or 0)
    return (whole + float(fraction or 0)) * (-1 if minus else 1)
