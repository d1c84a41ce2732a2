"""Work on many things in several processes at the same time.

Only where that is safe and worth it: a process is copied, so that nothing need be handed to it,
and says nothing but its result. Whatever goes wrong in one of them is done again in this one, where
its errors are told as any.
"""

import io
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")

# Each takes the memory of a whole program.
_MOST = 8


def processes() -> int:
    """Return how many processes may work at the same time here."""
    # With threads about, a copy might wait for ever for what one of them held.
    is_safe = sys.platform == "linux" and threading.active_count() == 1
    return min(len(os.sched_getaffinity(0)), _MOST) if is_safe else 1


def share_out(
    places: Sequence[int], work: Callable[[Sequence[int]], T], same: Sequence[object], ways: int
) -> Sequence[T]:
    """Do the work on all places in so many processes, and return what each came to.

    Results are copied from one process to the other, except that of what is in ``same`` there is
    one here all the same.
    """
    shares = [places[start::ways] for start in range(ways) if places[start::ways]]
    context = multiprocessing.get_context("fork")
    children = []
    try:
        for share in shares[1:]:
            receiver, sender = context.Pipe(duplex=False)
            child = context.Process(target=_run, args=(sender, work, share, same), daemon=True)
            child.start()
            children.append((child, receiver))
            sender.close()
        results = [work(shares[0])]
        for share, (_, receiver) in zip(shares[1:], children, strict=True):
            try:
                results.append(_load(receiver.recv_bytes(), same))
            except EOFError:
                results.append(work(share))
    finally:
        for child, receiver in children:
            receiver.close()
            child.terminate()
            child.join()
    return results


def _run(
    sender: Connection, work: Callable[[Sequence[int]], object], share: Sequence[int], same: Any
) -> None:
    """Do one share of the work in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    silence = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(silence, descriptor)
    with suppress(BaseException):
        sender.send_bytes(_dump(work(share), same))


# What a result may be about that is here in any case, while one is read.
_here: Sequence[object] = ()


def _dump(result: object, same: Sequence[object]) -> bytes:
    places = {id(thing): place for place, thing in enumerate(same)}

    def reduce(thing: object) -> Any:
        place = places.get(id(thing))
        return thing.__reduce_ex__(4) if place is None else (_thing_here, (place,))

    file = io.BytesIO()
    pickler = pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = dict.fromkeys(map(type, same), reduce)
    pickler.dump(result)
    return file.getvalue()


def _thing_here(place: int) -> object:
    return _here[place]


def _load(content: bytes, same: Sequence[object]) -> Any:
    global _here  # noqa: PLW0603 - pickle hands nothing to what it calls
    _here = same
    try:
        return pickle.loads(content)  # noqa: S301 - from a copy of this very process
    finally:
        _here = ()
