"""Deliveries of a simulated fleet as a hub would hand them out."""

import zlib
from datetime import UTC, datetime, timedelta

from simulator.link import Delivery
from tests.support import events
from vending.events.hub_event import HubEvent

START = 1_767_571_200_000  # 2026-01-05, a Monday


def hub_event(number: int, at: int, delivery: Delivery, partition: str = "0") -> HubEvent:
    """A delivery with its sequence number, enqueued when it was sent."""
    return events.hub_event(
        number,
        b"" if delivery.section else delivery.body,
        partition=partition,
        enqueued=datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at),
        key=delivery.key,
        system={"x-opt-publisher": delivery.publisher} if delivery.publisher else {},
        amqp={"fault": f"its AMQP body is a {delivery.section}, not data"} if delivery.section else None,
    )


def partition_of(key: str) -> str:
    """Two partitions are enough to spread a machine over both."""
    return str(zlib.crc32(key.encode()) % 2)
