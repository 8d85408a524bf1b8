"""Run a program that can be told to kill itself at a named point: `mortal.py DIRECTORY MODULE ARGUMENT...`.

The program itself knows nothing of it: its functions are wrapped when their modules are imported. A file with the
name of a point in DIRECTORY is the order to die there; it is taken away by who obeys. Uses nothing that is not
part of Python, because Home Assistant lives in an environment of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import functools
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
import inspect
import os
from pathlib import Path
import runpy
import signal
import sys
from types import ModuleType
from typing import Any, override


@dataclass(frozen=True, slots=True)
class Point:
    """A moment before or after a method; with `word`, only of calls with this argument."""

    module: str
    owner: str
    method: str
    is_after: bool = False
    word: str | None = None


_INTEGRATION = "custom_components.cexio"
HOME_ASSISTANT_POINTS = {
    "report taken, nothing written": Point(
        f"{_INTEGRATION}.executions", "Ledger", "async_apply_reports"
    ),
    "entry written, not committed": Point(
        f"{_INTEGRATION}.feed", "Feed", "_append", is_after=True
    ),
    "entry committed, not published": Point(
        f"{_INTEGRATION}.feed", "Feed", "_async_publish"
    ),
    "entry published, not noted": Point(
        f"{_INTEGRATION}.database", "Database", "async_set_meta", word="published"
    ),
    "order written down, not sent": Point(
        f"{_INTEGRATION}.trading", "TradingDesk", "_async_send"
    ),
    "order sent, answer not kept": Point(
        f"{_INTEGRATION}.trading", "TradingDesk", "_async_send", is_after=True
    ),
    "recovery begun": Point(f"{_INTEGRATION}.recovery", "Recovery", "async_run"),
    "recovery answered, nothing applied": Point(
        f"{_INTEGRATION}.recovery", "Recovery", "_async_apply"
    ),
}
BOT_POINTS = {
    "entries taken, nothing written": Point(
        "telegram_bot.notices", "FeedKeeper", "entries"
    ),
    "entries written, nothing sent": Point(
        "telegram_bot.notices", "FeedKeeper", "entries", is_after=True
    ),
    "message under way, not sent": Point("telegram_bot.calling", "Caller", "call"),
    "message sent, not noted": Point(
        "telegram_bot.calling", "Caller", "call", is_after=True
    ),
    "message noted": Point(
        "telegram_bot.outbox", "Outbox", "_write_down", is_after=True
    ),
    "order confirmed, not asked for": Point(
        "telegram_bot.home_assistant", "HomeAssistant", "call", word="place_order"
    ),
    "order placed, answer not kept": Point(
        "telegram_bot.home_assistant",
        "HomeAssistant",
        "call",
        is_after=True,
        word="place_order",
    ),
}
POINTS = HOME_ASSISTANT_POINTS | BOT_POINTS


class PointFinder(MetaPathFinder):
    """Finds modules as ever, and wraps the methods of those that have points."""

    def __init__(self, orders: Path) -> None:
        """Look for orders to die in a directory."""
        self._orders = orders
        self._modules = {point.module for point in POINTS.values()}

    @override
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find a module with points."""
        if fullname not in self._modules:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = functools.partial(  # type: ignore[method-assign]  # of this loader alone
                self._load, spec.loader.exec_module
            )
        return spec

    def _load(self, load: Callable[[ModuleType], None], module: ModuleType) -> None:
        """Load a module, then wrap."""
        load(module)
        for name, point in POINTS.items():
            if point.module == module.__name__:
                owner = getattr(module, point.owner)
                real = getattr(owner, point.method)
                setattr(owner, point.method, wrap(real, point, self._orders / name))


def wrap(real: Callable[..., Any], point: Point, order: Path) -> Callable[..., Any]:
    """Return a method that dies before or after its work when it is told to."""

    def is_here(*, after: bool, args: Any) -> bool:
        """Tell whether a call is at the point."""
        return after is point.is_after and (point.word is None or point.word in args)

    if inspect.iscoroutinefunction(real):

        @functools.wraps(real)
        async def wrapped_coroutine(*args: Any, **kwargs: Any) -> Any:
            """Do the work, unless it is time to die."""
            if is_here(after=False, args=args):
                die_if_told(order)
            result = await real(*args, **kwargs)
            if is_here(after=True, args=args):
                die_if_told(order)
            return result

        return wrapped_coroutine

    @functools.wraps(real)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        """Do the work, unless it is time to die."""
        if is_here(after=False, args=args):
            die_if_told(order)
        result = real(*args, **kwargs)
        if is_here(after=True, args=args):
            die_if_told(order)
        return result

    return wrapped


def die_if_told(order: Path) -> None:
    """Die at once, without a chance to clean up, when there is an order to."""
    # Not opened: Home Assistant complains of files that are opened within its loop.
    if os.access(order, os.F_OK):
        order.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the module with its arguments."""
    _, orders, module, *arguments = sys.argv
    sys.meta_path.insert(0, PointFinder(Path(orders)))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
