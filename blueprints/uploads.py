"""Files that people upload → addresses, and what is made of what came."""

import logging
from datetime import UTC, datetime

import azure.functions as func

from blueprints.answers import created
from blueprints.routes import Route, route
from vending import wiring
from vending.access.roles import Role
from vending.uploads import process_upload as processing
from vending.uploads.admit_upload import UploadAddress, UploadAsked, admit_upload

bp = func.Blueprint()
log = logging.getLogger(__name__)


@route(
    bp,
    "post_upload",
    Route(
        "POST",
        "api/v1/uploads",
        Role.OPERATE,
        takes=UploadAsked,
        gives=UploadAddress,
        status=201,
        problems=(404, 415),
    ),
)
async def post_upload(req: func.HttpRequest) -> func.HttpResponse:
    """An address that takes one file, for a quarter of an hour."""
    return await created(
        req,
        UploadAsked,
        lambda asked: admit_upload(asked, wiring.admit_stores(), datetime.now(UTC)),
        missing="The catalog has no such machine.",
    )


@bp.function_name("process_upload")
@bp.queue_trigger(arg_name="message", queue_name="uploads", connection="DATA")
async def process_upload(message: func.QueueMessage) -> None:
    """Process the file that a message tells of; a failure redelivers the message."""
    tries, now = message.dequeue_count or 1, datetime.now(UTC)
    with wiring.metered("process_upload") as cost:
        said = await processing.process_upload(message.get_body(), tries, wiring.upload_stores(), now)
    log.info("%s: %s", said, cost)
