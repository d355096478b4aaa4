"""The HTTP API: photos of visits."""

import azure.functions as func

from blueprints.answers import answer, picture
from blueprints.questions import NothingAsked, PhotosAsked, asked
from blueprints.routes import Route, route
from vending import wiring
from vending.access.roles import Role
from vending.views import photos
from vending.views.answers.photos import Photos

bp = func.Blueprint()


@route(
    bp,
    "get_machine_photos",
    Route(
        "GET",
        "api/v1/machines/{machineId}/photos",
        Role.READ,
        asks=PhotosAsked,
        gives=Photos,
        problems=(404,),
    ),
)
async def get_machine_photos(req: func.HttpRequest) -> func.HttpResponse:
    """The photos of one machine."""
    machine = req.route_params["machineId"]
    return await answer(
        req,
        lambda: photos.photos(wiring.view_stores(), machine, asked(req.params, PhotosAsked).query()),
    )


@route(
    bp,
    "get_photo",
    Route("GET", "api/v1/photos/{photoId}/{size}", Role.READ, media=("image/webp",), problems=(404,)),
)
async def get_photo(req: func.HttpRequest) -> func.HttpResponse:
    """One picture of a photo."""
    photo, size = req.route_params["photoId"], req.route_params["size"]

    async def view() -> bytes | None:
        asked(req.params, NothingAsked)
        return await photos.picture(wiring.photos(), photo, size)

    return await picture(
        req,
        view,
        missing="There is no such picture; a photo has the sizes 320 and 1280.",
    )
