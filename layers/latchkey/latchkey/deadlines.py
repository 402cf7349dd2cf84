"""A time limit for any call, including calls that have no time limit of their own."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread


def within[T](seconds: float, act: Callable[[], T]) -> T:
    """Return the result of `act`, or raise its exception.

    `act` runs in a thread, because some steps of a call have no time limit. Name resolution has none. A socket's limit
    starts again with every byte. After a timeout the thread continues, and its result is dropped.

    :raises TimeoutError: `act` takes longer than `seconds`.
    """
    future = Future[T]()

    def run() -> None:
        try:
            future.set_result(act())
        except Exception as error:  # noqa: BLE001 - the waiting caller raises it, and nothing prints it
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future.result(timeout=seconds)
