"""Transactional batches: up to 100 operations on one partition key value, all or nothing, one LSN.

Python and JavaScript send JSON, .NET HybridRow; the answer has the form of the request.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from devstack.cosmos import charge
from devstack.cosmos.catalog import Container
from devstack.cosmos.errors import Refusal, bad_request
from devstack.cosmos.hybridrow import is_hybrid_row, read_operations, write_results
from devstack.cosmos.items import Condition, Items, Written
from devstack.cosmos.patch import apply_patch
from devstack.cosmos.wire import MAX_ITEM, Call, Reply, refused

MAX_OPERATIONS = 100
FAILED_DEPENDENCY = 424


class Undone(Exception):
    """Rolls the transaction back; carries the answer that says which operation failed and how."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("batch undone")
        self.reply = reply


@dataclass(slots=True)
class Outcome:
    """What became of one operation; ``body`` is the item, or the refusal."""

    status: int
    charge: float
    substatus: int = 0
    etag: str = ""
    body: bytes = b""


def operations_of(call: Call) -> list[Any]:
    """The operations of a request, up to 100."""
    if len(call.body) > MAX_ITEM:
        raise Refusal(413, f"Request size is too large: {len(call.body)} bytes, the limit is {MAX_ITEM}.")
    operations = read_operations(call.body) if is_hybrid_row(call.body) else call.json()
    if not isinstance(operations, list) or not operations:
        raise bad_request("A batch must be a list of operations.")
    if len(operations) > MAX_OPERATIONS:
        raise bad_request(f"Batch request has more operations than what is supported ({MAX_OPERATIONS}).")
    return operations


def run_batch(call: Call, container: Container, items: Items) -> Reply:
    """The answer of a committed batch; raises :class:`Undone` when an operation fails."""
    operations = operations_of(call)
    done: list[Outcome] = []
    for place, operation in enumerate(operations):
        try:
            done.append(done_outcome(run_operation(container, items, operation), operation))
        except Refusal as error:
            outcomes = [Outcome(FAILED_DEPENDENCY, 0) for _ in operations]
            outcomes[place] = refused_outcome(error)
            spent = charge.FAILED_WRITE + sum(one.charge for one in done)
            status = 207 if len(operations) > 1 or is_hybrid_row(call.body) else error.status
            raise Undone(answer_of(call, outcomes, status, spent)) from None
    return answer_of(call, done, 200, sum(one.charge for one in done))


def done_outcome(written: Written, operation: dict[str, Any]) -> Outcome:
    """Of an operation that was done."""
    minimal = operation.get("minimalReturnPreference") is True
    return Outcome(written.status, written.charge, 0, written.etag, b"" if minimal else written.body)


def refused_outcome(error: Refusal) -> Outcome:
    """Of one that was not."""
    return Outcome(error.status, charge.FAILED_WRITE, error.substatus, "", refused(error).body)


def answer_of(call: Call, outcomes: list[Outcome], status: int, spent: float) -> Reply:
    """The answer, in the form of the request."""
    headers = {"x-ms-item-count": str(len(outcomes))}
    if is_hybrid_row(call.body):
        rows = [(one.status, one.substatus, one.etag, one.body, one.charge) for one in outcomes]
        headers["Content-Type"] = "application/octet-stream"
        return Reply(status, write_results(rows), headers, round(spent, 2))
    reply = Reply.of([_json_row(one) for one in outcomes], status, round(spent, 2))
    reply.headers |= headers
    return reply


def _json_row(one: Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {"statusCode": one.status, "requestCharge": one.charge}
    if one.substatus:
        row["subStatusCode"] = one.substatus
    if one.etag:
        row["eTag"] = one.etag
    if one.body and one.status < 300:
        row["resourceBody"] = orjson.Fragment(one.body)
    elif one.body:
        row["message"] = orjson.loads(one.body)["message"]
    return row


def run_operation(container: Container, items: Items, operation: Any) -> Written:
    """Do one operation; raises what refuses it."""
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
