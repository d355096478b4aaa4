"""Transactional batches: up to 100 operations on one partition key value, all or nothing, one LSN."""

from typing import Any

import orjson

from devstack.cosmos import charge
from devstack.cosmos.catalog import Container
from devstack.cosmos.errors import Refusal, bad_request, unsupported
from devstack.cosmos.items import Condition, Items, Written
from devstack.cosmos.patch import apply_patch
from devstack.cosmos.wire import MAX_ITEM, Call, Reply

MAX_OPERATIONS = 100


class Undone(Exception):
    """Rolls the transaction back; carries the answer that says which operation failed and how."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("batch undone")
        self.reply = reply


def run_batch(call: Call, container: Container, items: Items) -> Reply:
    """The answer of a committed batch; raises :class:`Undone` when an operation fails."""
    if not call.flag("x-ms-cosmos-batch-atomic"):
        raise unsupported("A batch that is not atomic (bulk)")
    if len(call.body) > MAX_ITEM:
        raise Refusal(413, f"Request size is too large: {len(call.body)} bytes, the limit is {MAX_ITEM}.")
    operations = call.json()
    if not isinstance(operations, list) or not operations:
        raise bad_request("A batch must be a list of operations.")
    if len(operations) > MAX_OPERATIONS:
        raise bad_request(f"Batch request has more operations than what is supported ({MAX_OPERATIONS}).")
    done: list[Written] = []
    for place, operation in enumerate(operations):
        try:
            done.append(_run(container, items, operation))
        except Refusal as error:
            raise Undone(_failure(error, place, len(operations), done)) from None
    reply = Reply.of([_result(one) for one in done])
    reply.charge = round(sum(one.charge for one in done), 2)
    reply.headers["x-ms-item-count"] = str(len(done))
    return reply


def _failure(error: Refusal, place: int, count: int, done: list[Written]) -> Reply:
    rows: list[dict[str, Any]] = [{"statusCode": 424, "requestCharge": 0} for _ in range(count)]
    rows[place] = {"statusCode": error.status, "requestCharge": charge.FAILED_WRITE, "message": error.message}
    if error.substatus:
        rows[place]["subStatusCode"] = error.substatus
    total = charge.FAILED_WRITE + sum(one.charge for one in done)
    return Reply.of(rows, 207 if count > 1 else error.status, round(total, 2))


def _result(one: Written) -> dict[str, Any]:
    row: dict[str, Any] = {"statusCode": one.status, "requestCharge": one.charge}
    if one.etag:
        row["eTag"] = one.etag
    if one.body:
        row["resourceBody"] = orjson.Fragment(one.body)
    return row


def _run(container: Container, items: Items, operation: Any) -> Written:
    kind, item_id, body = _checked(operation)
    condition = Condition(operation.get("ifMatch") or "", operation.get("ifNoneMatch") or "")
    match kind:
        case "Create":
            return items.create(body)
        case "Upsert":
            return items.upsert(body, condition)
        case "Replace":
            return items.replace(item_id, body, condition)
        case "Delete":
            return items.delete(item_id, condition)
        case "Read":
            found = items.read(item_id, condition.if_none_match)
            return Written(200, found.etag, found.body, charge.read(len(found.body)))
        case "Patch":
            return patch_item(container, items, item_id, body, condition)
        case _:
            raise bad_request(f"Batch operation type {kind!r} is not valid.")


def _checked(operation: Any) -> tuple[Any, Any, Any]:
    """(operation type, id, body) of an operation that has what its type needs."""
    if not isinstance(operation, dict):
        raise bad_request("An operation of a batch must be an object.")
    kind, item_id, body = (operation.get(name) for name in ("operationType", "id", "resourceBody"))
    if kind in ("Create", "Upsert", "Replace", "Patch") and not isinstance(body, dict):
        raise bad_request(f"The operation {kind} needs a resourceBody.")
    if kind in ("Replace", "Patch", "Read", "Delete") and not isinstance(item_id, str):
        raise bad_request(f"The operation {kind} needs an id.")
    return kind, item_id, body


def patch_item(
    container: Container, items: Items, item_id: str, body: dict[str, Any], condition: Condition
) -> Written:
    """Patch one item: 404, 412 or 400 as the item, the conditions and the operations demand."""
    found = items.read(item_id)
    condition.check(found.etag)
    patched = apply_patch(orjson.loads(found.body), body, container.definition.path)
    return items.replace(item_id, patched, condition)
