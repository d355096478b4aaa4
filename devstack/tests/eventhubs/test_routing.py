"""The partition hash against published vectors; test_javascript compares it with that SDK's own."""

import pytest

from devstack.eventhubs.hub.routing import hash_code, lookup3, partition_for

FOUR_SCORE = b"Four score and seven years ago"


@pytest.mark.parametrize(
    ("data", "c", "b", "expected"),
    [
        # The self-test vectors in Bob Jenkins' lookup3.c (driver5).
        (b"", 0, 0, (0xDEADBEEF, 0xDEADBEEF)),
        (b"", 0, 0xDEADBEEF, (0xBD5B7DDE, 0xDEADBEEF)),
        (b"", 0xDEADBEEF, 0xDEADBEEF, (0x9C093CCD, 0xBD5B7DDE)),
        (FOUR_SCORE, 0, 0, (0x17770551, 0xCE7226E6)),
        (FOUR_SCORE, 0, 1, (0xE3607CAE, 0xBD371DE4)),
        (FOUR_SCORE, 1, 0, (0xCD628161, 0x6CBEA4B3)),
    ],
)
def test_lookup3(data: bytes, c: int, b: int, expected: tuple[int, int]) -> None:
    assert lookup3(data, c, b) == expected


def test_negative_hashes_truncate() -> None:
    keys = [f"device-{n}" for n in range(200)]
    negative = [key for key in keys if hash_code(key) < 0]
    assert negative
    for key in keys:
        assert partition_for(key, 7) == abs(hash_code(key)) % 7
    differ = [key for key in negative if partition_for(key, 7) != hash_code(key) % 7]
    assert differ, "a flooring remainder would send these elsewhere"
