"""Several requests at once, as many as client-go sends in one burst."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

REQUESTS = 10

Item = TypeVar("Item")
Result = TypeVar("Result")


def parallel(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """In the order of `items`. After the first error nothing more is begun, and it is raised."""
    pool = ThreadPoolExecutor(REQUESTS)
    try:
        results = list(pool.map(function, items))
    except BaseException as error:
        # Who interrupts does not want to wait for answers.
        pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    pool.shutdown()
    return results


def together(*asks: Callable[[], Any]) -> list[Any]:
    """What each of these answers, all asked at once."""
    return parallel(_ask, asks)


def _ask(ask: Callable[[], Any]) -> Any:
    return ask()
