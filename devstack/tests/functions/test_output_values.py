"""What an output binding makes of a value, without a process.

Rules: azure-functions-host FunctionBinding (ReadAsEnumerable, BindAsyncCollectorAsync),
GrpcMessageConversionExtensions (ToObject); measured: ``Out[str]`` holding JSON re-indented, list items exact,
``Out[QueueMessage]`` wrapped.
"""

from typing import Any

import pytest

from devstack.functions.output_values import OutputFailed, bodies, documents

WHERE = "function 'f', queue 'out'"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (("string", "plain"), ["plain"]),
        (("string", ""), [""]),
        (("string", '"quoted"'), ['"quoted"']),
        (
            ("string", '{"a":1.10,"t":"2026-11-26T02:15:56.000Z"}'),
            ['{\n  "a": 1.1,\n  "t": "2026-11-26T02:15:56Z"\n}'],
        ),
        # An array in a text is several messages.
        (("string", '["a", {"b":1}, 2]'), ["a", '{\n  "b": 1\n}', "2"]),
        (("string", "[]"), []),
        (
            ("json", '["a", "{\\"b\\":1.10}", "2026-11-26T02:15:56.000Z"]'),
            ["a", '{"b":1.10}', "2026-11-26T02:15:56.000Z"],
        ),
        (("json", '{"id": null, "body": "b"}'), ['{\n  "id": null,\n  "body": "b"\n}']),
        (("int", 5), ["5"]),
        (("double", 1.0), ["1"]),
    ],
)
def test_messages_of_a_value(value: Any, sent: list[str]) -> None:
    """Texts that look like JSON are parsed and written anew; lists are taken as they are."""
    assert bodies(value, WHERE) == [one.encode() for one in sent]


def test_bytes_are_sent_as_they_are() -> None:
    """Also bytes that look like JSON."""
    assert bodies(("bytes", b'[1.10, "\x00\xff"]'), WHERE) == [b'[1.10, "\x00\xff"]']


def test_documents_of_a_value() -> None:
    """A list keeps its dates; a text of JSON is parsed, dates and all."""
    dated = '{"id": "1", "at": "2026-11-26T02:15:56.000Z"}'
    assert documents(("json", f"[{dated}]"), WHERE) == [{"id": "1", "at": "2026-11-26T02:15:56.000Z"}]
    assert documents(("string", dated), WHERE) == [{"id": "1", "at": "2026-11-26T02:15:56Z"}]
    assert documents(("json", "[]"), WHERE) == []


@pytest.mark.parametrize("value", [("string", "{no json}"), ("json", "[1,"), ("dict", {}), (None, None)])
def test_a_value_that_cannot_be_taken_fails_with_a_reason(value: Any) -> None:
    """The invocation fails, as on the platform; the text names the binding."""
    for take in (bodies, documents):
        with pytest.raises(OutputFailed, match="function 'f', queue 'out'"):
            take(value, WHERE)


@pytest.mark.parametrize(
    "value", [("string", "text"), ("bytes", b"{}"), ("json", "[null]"), ("json", '["a"]'), ("int", 1)]
)
def test_only_objects_are_documents(value: Any) -> None:
    """BindAsyncCollectorAsync hands null to the collector, which refuses it."""
    with pytest.raises(OutputFailed, match="is no document"):
        documents(value, WHERE)
