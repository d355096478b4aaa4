"""A set of numbers as sorted, disjoint, non-adjacent closed intervals ``[[1, 10532], [10540, 10544]]``.

Exact for any order of arrival, one interval on a good day, and its holes are what is missing.
"""

from bisect import bisect_right

Intervals = list[list[int]]


def contains(intervals: Intervals, number: int) -> bool:
    """Whether the number is in the set."""
    at = bisect_right(intervals, number, key=lambda pair: pair[0]) - 1
    return at >= 0 and number <= intervals[at][1]


def add(intervals: Intervals, number: int) -> None:
    """Put the number in, in place; nothing happens when it is there."""
    at = bisect_right(intervals, number, key=lambda pair: pair[0]) - 1
    if at >= 0 and number <= intervals[at][1]:
        return
    joins_left = at >= 0 and intervals[at][1] + 1 == number
    joins_right = at + 1 < len(intervals) and intervals[at + 1][0] == number + 1
    if joins_left and joins_right:
        intervals[at][1] = intervals.pop(at + 1)[1]
    elif joins_left:
        intervals[at][1] = number
    elif joins_right:
        intervals[at + 1][0] = number
    else:
        intervals.insert(at + 1, [number, number])


def missing(intervals: Intervals, limit: int = 100) -> Intervals:
    """The holes from 1 to the greatest number, at most ``limit`` of them."""
    found: Intervals = []
    expected = 1
    for first, last in intervals:
        if first > expected:
            found.append([expected, first - 1])
        expected = last + 1
    return found[:limit]


def holes(intervals: Intervals) -> int:
    """How many holes there are from 1 to the greatest number."""
    return len(intervals) - (bool(intervals) and intervals[0][0] == 1)


def lacking(intervals: Intervals) -> int:
    """How many numbers from 1 to the greatest one are not in the set."""
    return intervals[-1][1] - size(intervals) if intervals else 0


def close_first(intervals: Intervals) -> tuple[int, int]:
    """Put the numbers of the lowest hole in, in place; which they were. There must be a hole."""
    start, end = intervals[0]
    if start > 1:
        intervals[0][0] = 1
        return 1, start - 1
    following = intervals.pop(1)
    intervals[0][1] = following[1]
    return end + 1, following[0] - 1


def size(intervals: Intervals) -> int:
    """How many numbers the set holds."""
    return sum(last - first + 1 for first, last in intervals)
