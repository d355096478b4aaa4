"""Answers packed with gzip for those who take it, with an ETag of their own (RFC 9110 §8.8.3.3)."""

import gzip
import re
from collections.abc import Mapping

import azure.functions as func

LEAST = 1024
"""Bytes: less fits into a packet or two anyway."""
LEVEL = 5
MARK = "-gzip"
"""What the ETag of a packed answer has more than that of the plain one."""
WORTH = re.compile(r"text/|application/(?:[\w.+\-]*\+)?(?:json|xml|javascript)|image/svg\+xml")
"""Media types; pictures are packed already."""


def packed(request: func.HttpRequest, answer: func.HttpResponse) -> func.HttpResponse:
    """The answer as the caller takes it. ``Vary`` tells caches that it depends on that."""
    body = answer.get_body()
    if not WORTH.match(answer.mimetype) or "Content-Encoding" in answer.headers:
        return answer
    vary(answer, "Accept-Encoding")
    if len(body) < LEAST or not takes_gzip(request.headers.get("accept-encoding", "")):
        return answer
    headers = dict(answer.headers) | {"Content-Encoding": "gzip"}
    if "ETag" in headers:
        headers["ETag"] = re.sub(r'"$', f'{MARK}"', headers["ETag"])
    return func.HttpResponse(
        gzip.compress(body, LEVEL, mtime=0),
        status_code=answer.status_code,
        mimetype=answer.mimetype,
        charset=answer.charset,
        headers=headers,
    )


def takes_gzip(accepted: str) -> bool:
    """By ``Accept-Encoding``: gzip, or anything, with a weight above zero."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        number = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", weight)
        weights[name.strip()] = float(number[1]) if number else 1.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def plain_tags(request: func.HttpRequest) -> func.HttpRequest:
    """The request with the ETags of the plain answers, whichever answer the caller holds."""
    marked = {
        name: value.replace(f'{MARK}"', '"')
        for name in ("if-match", "if-none-match")
        if MARK in (value := request.headers.get(name, ""))
    }
    return _with(request, marked) if marked else request


def _with(request: func.HttpRequest, headers: Mapping[str, str]) -> func.HttpRequest:
    return func.HttpRequest(
        method=request.method,
        url=request.url,
        headers=dict(request.headers) | dict(headers),
        params=dict(request.params),
        route_params=dict(request.route_params),
        body=request.get_body(),
    )


def vary(answer: func.HttpResponse, name: str) -> None:
    """Say that the answer depends on a header of the request, too."""
    said = [one for one in answer.headers.get("Vary", "").split(", ") if one]
    if name not in said:
        answer.headers["Vary"] = ", ".join([*said, name])
