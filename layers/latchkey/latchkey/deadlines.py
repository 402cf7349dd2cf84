"""A limit on how long to wait for whoever is slow, however they are slow."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread


def within[T](seconds: float, act: Callable[[], T]) -> T:
    """What `act` returns, if it does so in time; raises what it raises.

    It goes on in a thread of its own, since nothing else has a limit: looking up a name has none, and that of a socket
    begins anew with every byte.

    :raises TimeoutError: it is not done yet.
    """
    future = Future[T]()

    def run() -> None:
        try:
            future.set_result(act())
        except Exception as error:  # noqa: BLE001 - it is raised where someone waits, and printed nowhere
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future.result(timeout=seconds)
