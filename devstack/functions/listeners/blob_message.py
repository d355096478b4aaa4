"""The message that says "this function wants this version of this blob", in the internal queue and in poison.

Source: Azure/azure-sdk-for-net BlobTriggerMessage: indented JSON, base64, the ETag with its quotes.
"""

import base64
import json
from dataclasses import dataclass

from devstack.functions import dotnet_json


@dataclass(frozen=True)
class BlobMessage:
    """One version of a blob for one function. ``etag`` has its quotes."""

    function_id: str
    container: str
    name: str
    etag: str
    kind: str = "BlockBlob"

    def encoded(self) -> str:
        """The text of the queue message."""
        about = {
            "Type": "BlobTrigger", "FunctionId": self.function_id, "BlobType": self.kind,
            "ContainerName": self.container, "BlobName": self.name, "ETag": self.etag,
        }  # fmt: skip
        return base64.b64encode(dotnet_json.indented(about, dates=False).encode()).decode("ascii")


def decoded(body: bytes) -> BlobMessage:
    """A message's content. ``ValueError`` for what is none."""
    found = json.loads(body)
    try:
        names = ("FunctionId", "ContainerName", "BlobName", "ETag", "BlobType")
        return BlobMessage(*(str(found[name]) for name in names))
    except (KeyError, TypeError) as error:
        raise ValueError(f"no blob trigger message: {error}") from error


def quoted(etag: object) -> str:
    """An ETag with its quotes: a listing gives it without."""
    return f'"{str(etag).strip(chr(34))}"'
