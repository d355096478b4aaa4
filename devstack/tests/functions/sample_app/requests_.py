"""HTTP triggers."""

import json
import logging
import os
import time

import azure.functions as func
from recorder import record

requests_ = func.Blueprint()


@requests_.route("echo/{id:int}/{*rest}", methods=["GET", "POST"])
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    """What the function sees of a request."""
    logging.getLogger("sample").info("an echo")
    seen = {
        "method": req.method,
        "url": req.url,
        "params": dict(req.params),
        "route": dict(req.route_params),
        "headers": dict(req.headers),
        "body": req.get_body().hex(),
    }
    return func.HttpResponse(
        json.dumps(seen), mimetype="application/json", status_code=201, headers={"x-one": "1"}
    )


@requests_.route("bytes", methods=["POST"])
def reverse(req: func.HttpRequest) -> func.HttpResponse:
    """Binary in, binary out, and a cookie."""
    return func.HttpResponse(
        req.get_body()[::-1], mimetype="application/octet-stream", headers={"Set-Cookie": "a=b; Path=/"}
    )


@requests_.route("fail")
async def fail(req: func.HttpRequest) -> func.HttpResponse:
    """Raises."""
    raise RuntimeError(f"asked to fail by {req.method}")


@requests_.route("text", auth_level=func.AuthLevel.ANONYMOUS)
def text(req: func.HttpRequest) -> str:
    """A bare text, of anyone."""
    return "a text"


@requests_.route("admin-only", auth_level=func.AuthLevel.ADMIN)
def admin_only(req: func.HttpRequest) -> str:
    """Needs the master key."""
    return "master"


@requests_.route("pid")
def process(req: func.HttpRequest) -> str:
    """The worker's process id."""
    return str(os.getpid())


@requests_.route("sleep/{seconds}")
def sleep(req: func.HttpRequest) -> str:
    """Blocks its thread."""
    record("sleep", seconds=req.route_params["seconds"])
    time.sleep(float(req.route_params["seconds"]))
    return "woke"


@requests_.route("crash")
def crash(req: func.HttpRequest) -> str:
    """Ends the worker process."""
    os._exit(7)
