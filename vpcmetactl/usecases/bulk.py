"""Many calls at once, on threads that never keep the program alive."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Semaphore, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """What a task came to: results, and the tasks that follow from them."""

    results: Sequence[T] = ()
    then: Sequence["Task[T]"] = ()


Task = Callable[[], Step[T]]


def run_tasks(tasks: Iterable[Task[T]], max_workers: int) -> Iterator[T]:
    """Run tasks, and those that follow from them, and yield results in order of arrival.

    At most ``max_workers`` steps are under way or wait for the consumer, so a slow one slows the
    work and memory stays bounded. An exception in a task is raised here. Closing the iterator
    starts nothing more and waits for nothing: the threads are daemons.
    """
    return _Pool[T](max_workers).run(tasks)


def run_in_turn(tasks: Iterable[Task[T]]) -> Iterator[T]:
    """Run tasks one by one as results are asked for, each followed by those that follow from it.

    What is on this machine is read faster so: threads would only wait for each other.
    """
    waiting = deque(tasks)
    while waiting:
        step = waiting.popleft()()
        yield from step.results
        waiting.extendleft(reversed(step.then))


class _Pool(Generic[T]):
    def __init__(self, max_workers: int) -> None:
        self._max_workers = max_workers
        self._tasks: SimpleQueue[Task[T] | None] = SimpleQueue()
        self._steps: SimpleQueue[Step[T] | BaseException] = SimpleQueue()
        # A task takes a slot when it starts; the consumer of its step gives it back.
        self._slots = Semaphore(max_workers)
        self._lock = Lock()
        self._unconsumed = 0
        self._unfinished = 0
        self._workers = 0
        self._stopped = False

    def run(self, tasks: Iterable[Task[T]]) -> Iterator[T]:
        try:
            self._add(list(tasks), ended=0)
            while self._unconsumed:
                step = self._steps.get()
                if isinstance(step, BaseException):
                    raise step
                yield from step.results
                with self._lock:
                    self._unconsumed -= 1
                self._slots.release()
        finally:
            self._stop()

    def _add(self, tasks: Sequence[Task[T]], *, ended: int) -> None:
        """Queue tasks that follow from ``ended`` others, on as few threads as keep up."""
        with self._lock:
            self._unconsumed += len(tasks)
            self._unfinished += len(tasks) - ended
            for task in tasks:
                self._tasks.put(task)
            self._start_missing()

    def _start_missing(self) -> None:
        """Start threads; where the system has no more of them, those there are do the work.

        Called under the lock: nobody leaves for a thread that is counted and does not come.
        """
        while self._workers < min(self._unfinished, self._max_workers) and not self._stopped:
            try:
                Thread(target=self._work, daemon=True).start()
            except RuntimeError:
                if not self._workers:
                    raise
                return
            self._workers += 1

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._slots.acquire()
            if self._stopped:
                return
            try:
                step = task()
            except BaseException as error:  # noqa: BLE001 - raised again by the consumer
                self._steps.put(error)
                return
            if step.then:  # starts before the results are consumed
                self._add(step.then, ended=1)
            self._steps.put(step)
            if self._is_surplus(ended=0 if step.then else 1):
                return

    def _is_surplus(self, *, ended: int) -> bool:
        """Take a thread out that the tasks left have no use for: idle ones hold memory."""
        with self._lock:
            self._unfinished -= ended
            surplus = self._workers > self._unfinished
            self._workers -= surplus
            return surplus

    def _stop(self) -> None:
        self._stopped = True
        with self._lock:
            workers = self._workers
        for _ in range(workers):
            self._tasks.put(None)
            self._slots.release()
