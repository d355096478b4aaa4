"""Bulk: up to 100 operations on one range, each with its own key, each done or refused for itself."""

from typing import Any

from devstack.cosmos.batch import (
    FAILED_DEPENDENCY,
    Outcome,
    answer_of,
    done_outcome,
    operations_of,
    refused_outcome,
    run_operation,
)
from devstack.cosmos.catalog import Container, Range
from devstack.cosmos.errors import Refusal, bad_request, range_gone
from devstack.cosmos.items import Items
from devstack.cosmos.store import Store
from devstack.cosmos.wire import Call, Reply


def run_bulk(call: Call, store: Store, container: Container, place: Range) -> Reply:
    """The outcome of each operation; after a failure the rest is done only if the request says so."""
    operations = operations_of(call)
    goes_on = call.flag("x-ms-cosmos-batch-continue-on-error")
    outcomes: list[Outcome] = []
    failed = False
    for operation in operations:
        if failed and not goes_on:
            outcomes.append(Outcome(FAILED_DEPENDENCY, 0))
            continue
        try:
            outcomes.append(_one(call, store, container, place, operation))
        except Refusal as error:
            outcomes.append(refused_outcome(error))
            failed = True
    return answer_of(call, outcomes, 207 if failed else 200, sum(one.charge for one in outcomes))


def _one(call: Call, store: Store, container: Container, place: Range, operation: Any) -> Outcome:
    if not isinstance(operation, dict) or not isinstance(operation.get("partitionKey"), str):
        raise bad_request("An operation of a bulk request must be an object with its own partitionKey.")
    items = Items(store, container, operation["partitionKey"], call.now)
    if container.range_of(items.epk) is not place:
        raise range_gone(str(place.id))
    with store.transaction():
        written = run_operation(container, items, operation)
        items.commit()
    items.done()
    return done_outcome(written, operation)
