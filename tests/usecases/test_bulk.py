import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.usecases import bulk
from vpcmetactl.usecases.bulk import Step, Task, run_in_turn, run_tasks

_SECONDS = 5.0


class Gate:
    """Holds tasks up until it is opened, and knows how many wait at it."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._arrived = threading.Semaphore(0)
        self._lock = threading.Lock()
        self.started = 0

    def pass_through(self, value: int) -> Step[int]:
        with self._lock:
            self.started += 1
        self._arrived.release()
        assert self._open.wait(_SECONDS)
        return Step([value])

    def await_arrivals(self, count: int) -> None:
        for _ in range(count):
            assert self._arrived.acquire(timeout=_SECONDS)

    def nobody_else_comes(self) -> bool:
        return not self._arrived.acquire(timeout=0.1)

    def open(self) -> None:
        self._open.set()


def _tasks(*tasks: Task[int]) -> list[Task[int]]:
    return list(tasks)


def _value(value: int) -> Step[int]:
    return Step([value])


def _fail() -> Step[int]:
    raise LookupError("no luck")


def test_nothing_to_do_gives_nothing() -> None:
    assert list(run_tasks([], 3)) == []


@given(st.lists(st.lists(st.integers(), max_size=3), max_size=20), st.integers(1, 5))
def test_the_results_of_every_task_arrive_once(results: list[list[int]], workers: int) -> None:
    tasks: list[Task[int]] = [partial(Step, result) for result in results]

    found = list(run_tasks(tasks, workers))

    assert sorted(found) == sorted(value for result in results for value in result)


def test_one_worker_keeps_the_order() -> None:
    assert list(run_tasks([partial(_value, n) for n in range(50)], 1)) == list(range(50))


@given(st.integers(0, 6), st.integers(1, 3))
def test_tasks_that_follow_from_tasks_are_run_too(depth: int, workers: int) -> None:
    def count_down(level: int) -> Step[int]:
        following: list[Task[int]] = [partial(count_down, level - 1)] * (2 if level else 0)
        return Step([level], following)

    found = list(run_tasks([partial(count_down, depth)], workers))

    assert sorted(found) == sorted(n for n in range(depth + 1) for _ in range(2 ** (depth - n)))


def test_no_more_tasks_run_at_a_time_than_there_are_workers() -> None:
    gate = Gate()
    results = _Reader(run_tasks([partial(gate.pass_through, n) for n in range(10)], 3))

    gate.await_arrivals(3)
    assert gate.nobody_else_comes()
    gate.open()

    assert sorted(results.all()) == list(range(10))


def test_as_many_tasks_run_at_a_time_as_there_are_workers_even_if_they_follow_from_one() -> None:
    gate = Gate()
    following: list[Task[int]] = [partial(gate.pass_through, n) for n in range(4)]

    def begin() -> Step[int]:
        return Step([], following)

    results = _Reader(run_tasks([begin], 4))

    gate.await_arrivals(4)
    gate.open()

    assert sorted(results.all()) == [0, 1, 2, 3]


def test_work_waits_for_a_slow_consumer() -> None:
    gate = Gate()
    gate.open()
    results = run_tasks([partial(gate.pass_through, n) for n in range(100)], 3)

    first = next(results)
    # The step of the first result is still being consumed: two more at most are made meanwhile.
    gate.await_arrivals(3)
    assert gate.nobody_else_comes()

    assert sorted([first, *results]) == list(range(100))


def test_an_exception_in_a_task_is_raised_where_results_are_awaited() -> None:
    with pytest.raises(LookupError, match="no luck"):
        list(run_tasks(_tasks(partial(_value, 1), _fail), 1))


def test_an_exception_in_a_task_does_not_lose_the_results_before_it() -> None:
    results = run_tasks(_tasks(partial(_value, 1), _fail, partial(_value, 2)), 1)

    assert next(results) == 1
    with pytest.raises(LookupError):
        next(results)


def test_after_an_exception_nothing_more_is_started() -> None:
    gate = Gate()
    tasks: list[Task[int]] = [_fail, *(partial(gate.pass_through, n) for n in range(100))]

    with pytest.raises(LookupError):
        list(run_tasks(tasks, 1))
    gate.open()

    # The worker may have begun the task behind the one that failed, and no other.
    assert gate.started <= 1


def test_closing_early_starts_nothing_more_and_waits_for_nothing() -> None:
    gate = Gate()
    results = run_tasks(
        [partial(_value, -1), *(partial(gate.pass_through, n) for n in range(100))], 2
    )
    with _closing(results):  # which returns although a task is held up
        assert next(results) == -1
        gate.await_arrivals(1)
    gate.open()

    assert gate.nobody_else_comes()
    assert gate.started == 1


def test_its_threads_never_keep_the_program_alive() -> None:
    seen: list[bool] = []

    def look() -> Step[int]:
        seen.append(threading.current_thread().daemon)
        return Step()

    assert list(run_tasks([look], 1)) == []
    assert seen == [True]


def test_nothing_is_started_before_the_first_result_is_asked_for() -> None:
    gate = Gate()
    run_tasks([partial(gate.pass_through, 1)], 1)

    assert gate.nobody_else_comes()


def test_its_threads_end_with_it() -> None:
    before = set(threading.enumerate())
    list(run_tasks([partial(_value, n) for n in range(20)], 4))
    early = run_tasks([partial(_value, n) for n in range(20)], 4)
    with _closing(early):
        next(early)

    for thread in set(threading.enumerate()) - before:
        thread.join(_SECONDS)
        assert not thread.is_alive()


@contextmanager
def _closing(results: Iterator[int]) -> Iterator[None]:
    assert isinstance(results, Generator)
    try:
        yield
    finally:
        results.close()


class _Reader:
    """Consumes results on a thread of its own, so that the test can act meanwhile."""

    def __init__(self, results: Iterator[int]) -> None:
        self._found: list[int] = []
        self._thread = threading.Thread(target=self._read, args=[results], daemon=True)
        self._thread.start()

    def _read(self, results: Iterator[int]) -> None:
        self._found.extend(results)

    def all(self) -> list[int]:
        self._thread.join(_SECONDS)
        assert not self._thread.is_alive()
        return self._found


@pytest.mark.parametrize("first", [3, 1], ids=["from the start", "on the way"])
def test_where_the_system_has_no_more_threads_those_there_are_do_the_work(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = iter([True, True])

    class ScarceThread(threading.Thread):
        def start(self) -> None:
            if not next(begun, False):
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(bulk, "Thread", ScarceThread)
    then = _tasks(*(partial(_value, value) for value in range(first, 6)))
    tasks = _tasks(lambda: Step([0], then), *(partial(_value, value) for value in range(1, first)))

    assert sorted(run_tasks(tasks, 4)) == [0, 1, 2, 3, 4, 5]


def test_no_thread_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(bulk, "Thread", NoThread)

    with pytest.raises(RuntimeError, match="can't start new thread"):
        list(run_tasks(_tasks(partial(_value, 1)), 4))


def test_in_turn_a_task_is_run_when_its_results_are_asked_for() -> None:
    ran: list[int] = []

    def task(value: int, *then: int) -> Task[int]:
        def run() -> Step[int]:
            ran.append(value)
            return Step([value], [task(following) for following in then])

        return run

    results = run_in_turn([task(1, 2, 3), task(4), lambda: Step([1 // 0])])

    assert (next(results), ran) == (1, [1])
    # What follows from a task comes before the next one.
    assert [next(results) for _ in "234"] == ran[1:] == [2, 3, 4]
    with pytest.raises(ZeroDivisionError):
        next(results)
