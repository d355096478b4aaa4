"""What all answers have in common, whatever their route: the request's id, no sniffing, CORS, compression."""

import azure.functions as func

from blueprints.compression import packed
from blueprints.cors import shared
from blueprints.files import NOSNIFF
from blueprints.request_ids import HEADER, request_id


def finished(request: func.HttpRequest, answer: func.HttpResponse) -> func.HttpResponse:
    """The answer as it leaves the app."""
    for name, value in NOSNIFF.items():
        answer.headers.setdefault(name, value)
    answer.headers[HEADER] = request_id()
    shared(request, answer)
    return packed(request, answer)
