"""A queue message that stays invisible for as long as its invocation runs.

Source: Azure/azure-sdk-for-net Storage.Queues QueueListener: renewed at half of its visibility.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devstack.functions import log


@asynccontextmanager
async def kept_invisible(
    queue: QueueClient, message: QueueMessage, seconds: float, where: str
) -> AsyncIterator[None]:
    """Renew ``message`` every half of ``seconds``; its pop receipt follows."""
    renewal = asyncio.create_task(_renew(queue, message, seconds, where))
    try:
        yield
    finally:
        renewal.cancel()
        await asyncio.gather(renewal, return_exceptions=True)


async def _renew(queue: QueueClient, message: QueueMessage, seconds: float, where: str) -> None:
    while True:
        await asyncio.sleep(seconds / 2)
        try:
            updated = await queue.update_message(message, visibility_timeout=int(seconds))
        except AzureError as error:
            log.error(f"{where}, message {message.id}: not renewed ({type(error).__name__})")
        else:
            message.pop_receipt = updated.pop_receipt
