"""Requests to the functions of a blueprint, as the host makes them."""

from collections.abc import Mapping
from typing import Any

import azure.functions as func


def request(
    path: str = "api/v1/machines", method: str = "GET", headers: Mapping[str, str] | None = None
) -> func.HttpRequest:
    """One without parameters."""
    return func.HttpRequest(method, f"http://localhost/{path}", headers=headers, params={}, body=b"")


async def call(
    function: Any,
    headers: Mapping[str, str] | None = None,
    route: Mapping[str, str] | None = None,
    method: str = "GET",
) -> func.HttpResponse:
    """What the function answers."""
    asked = func.HttpRequest(
        method, "http://localhost/", headers=headers, params={}, route_params=route or {}, body=b""
    )
    answer: func.HttpResponse = await function.build().get_user_function()(asked)
    return answer
