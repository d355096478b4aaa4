"""What a receiver holds of a partition ahead of its function, bounded by bytes (``prefetchSizeInBytes``).

The Event Hubs SDK for Python bounds it by a count of events only, and asks for as many again when they are
used up. Here each such window of credit is measured in bytes, as the platform's client measures it: what is
free of the bound, divided by the average size of what came. It is a statement of intent, as there: the first
window guesses 256 KiB an event, and an event over the bound comes alone.

Sources: EventProcessorOptions.PrefetchSizeInBytes ("take precedence over any value specified for the
PrefetchCount", "will always contain at least one event"); azure-amqp ReceivingAmqpLink, SizeBasedFlowQueue.
Its newest form takes the average of the last window alone, so a small event that was a window of its own lets
it ask for 500 more, whatever their size; older ones correct the credit with every event. Here the average is
never below that of the last events, which is nearer to those.
"""

from collections import deque
from typing import Any

from azure.eventhub._pyamqp.message import Message
from azure.eventhub.aio import EventHubConsumerClient

FIRST_GUESS = 256 * 1024
LARGEST_WINDOW = 500
REMEMBERED = 32
"""Events whose average a window is measured by, at the least."""


class Held(deque[Message]):
    """Received events that nobody has taken yet. ``bytes`` of them are held, ``limit`` are wanted."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.bytes = 0
        self._sizes: deque[int] = deque()
        self._average = FIRST_GUESS
        self._window: list[int] = []
        self._last: deque[int] = deque(maxlen=REMEMBERED)

    def append(self, message: Message) -> None:
        """Hold one more."""
        size = _size(message)
        self._sizes.append(size)
        self._window.append(size)
        self._last.append(size)
        self.bytes += size
        super().append(message)

    def popleft(self) -> Message:
        """Give the oldest away."""
        self.bytes -= self._sizes.popleft()
        return super().popleft()

    def credit(self) -> int:
        """How many events to ask for, now that the window before is used up; 0 while as much is held as may
        be.
        """
        if self._window:
            averages = (sum(some) // len(some) for some in (self._window, self._last))
            self._average = max(*averages, 1)
            self._window = []
        free = self.limit - self.bytes
        if self and free <= 0:
            return 0
        return min(max(free // self._average, 1), LARGEST_WINDOW)


class BoundedClient(EventHubConsumerClient):
    """The SDK's client; its receivers hold about ``prefetch_bytes``, or by count only where that is None."""

    prefetch_bytes: int | None = None

    def _create_consumer(self, *args: Any, **more: Any) -> Any:
        consumer = super()._create_consumer(*args, **more)
        return consumer if self.prefetch_bytes is None else _bounded(consumer, Held(self.prefetch_bytes))


def _bounded(consumer: Any, held: Held) -> Any:
    """The SDK has no public way: it puts messages into ``_message_buffer``, and sends ``_link_credit`` of a
    handler whenever the link's credit is used up.
    """
    consumer._message_buffer = held  # noqa: SLF001
    create = consumer._create_handler  # noqa: SLF001

    def create_bounded(auth: Any) -> None:
        create(auth)
        handler = consumer._handler  # noqa: SLF001
        run = handler._client_run_async  # noqa: SLF001

        async def windowed(**more: Any) -> bool:
            if handler._link.current_link_credit <= 0:  # noqa: SLF001
                handler._link_credit = held.credit()  # noqa: SLF001
                if not handler._link_credit:  # noqa: SLF001
                    await handler._connection.listen(wait=handler._socket_timeout, **more)  # noqa: SLF001
                    return True
            return bool(await run(**more))

        handler._client_run_async = windowed  # noqa: SLF001

    consumer._create_handler = create_bounded  # noqa: SLF001
    return consumer


def _size(message: Message) -> int:
    """About the bytes of a message: its data, and its properties as text."""
    body = message.data if isinstance(message.data, list) else [message.data or b""]
    rest = (message.application_properties, message.sequence, message.value)
    return sum(map(len, body)) + sum(len(repr(part)) for part in rest if part)
