"""What the platform does with invocations, and what no function may therefore lean on."""

import inspect

import azure.functions as func

from tests.support.metadata import ROOT, functions


def test_no_function_leans_on_the_id_of_its_invocation() -> None:
    """A batch that is tried again keeps its invocation id (measured on the real host) and one that is
    redelivered has another: the id tells neither attempts nor batches apart."""
    for function in functions():
        parameters = inspect.signature(function.get_user_function()).parameters.values()
        assert all(one.annotation is not func.Context for one in parameters), function.get_function_name()
    sources = [path for part in ("blueprints", "vending") for path in (ROOT / part).rglob("*.py")]
    assert sources
    assert not [path.name for path in sources if "invocation_id" in path.read_text()]
