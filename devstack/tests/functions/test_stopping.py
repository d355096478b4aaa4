"""A stop with functions at work: requests first, then the others.

Measured on the platform's host after SIGTERM: HTTP under way has 30 s, then other invocations 10 s, and
listeners take new work until the requests are through.
"""

import threading
from collections.abc import Callable

from devstack.tests.functions.hosting import Hosted, Services, wait_for


def test_while_requests_end_other_triggers_take_new_work(hosts: Callable[..., Hosted], storage: str) -> None:
    host = hosts(Services(storage), "--only", "work", "--only", "sleep").start()
    answers: list[tuple[int, bytes]] = []

    def request() -> None:
        status, _, body = host.request("/api/sleep/8")
        answers.append((status, body))

    with host.queue("work") as queue:
        asking = threading.Thread(target=request)
        asking.start()
        host.await_records("sleep")
        assert host.process
        host.process.terminate()
        wait_for(lambda: host.status()["state"] == "Stopping", "the host stops")
        queue.send_message("late")
        assert [one["body"] for one in host.await_records("work")] == ["late"]
    asking.join()
    assert answers == [(200, b"woke")]
    assert host.process.wait(60) == 0


def test_what_is_no_request_has_a_third_of_the_time(hosts: Callable[..., Hosted], storage: str) -> None:
    host = hosts(Services(storage), "--only", "slow", "--drain", "3").start()
    with host.queue("slow") as queue:
        queue.send_message("45")
        host.await_records("slow_began")
        assert host.stop() == 0
    assert "invocations outlived 1 s; 1 invocations are cut off" in host.log()
    assert not host.records("slow")
