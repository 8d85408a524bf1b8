"""The order to die at a point is obeyed there, once, and nowhere else."""

from importlib import import_module
import inspect
import os
from pathlib import Path
import signal

import pytest

from tests.resilience.mortal import POINTS, Point, PointFinder, wrap


class Died(BaseException):
    """The process is dead."""


class Program:
    """Something to die in."""

    def __init__(self) -> None:
        """Begin with nothing done."""
        self.done: list[str] = []

    def write(self, what: str) -> str:
        """Do something."""
        self.done.append(what)
        return what

    async def send(self, what: str) -> str:
        """Do something that takes time."""
        return self.write(what)


@pytest.fixture(autouse=True)
def mortality(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel's signal end a test's call only."""

    def kill(pid: int, number: int) -> None:
        """Die, as far as a test can see."""
        assert (pid, number) == (os.getpid(), signal.SIGKILL)
        raise Died

    monkeypatch.setattr(os, "kill", kill)


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("method", ["write", "send"])
async def test_obeyed_once(tmp_path: Path, method: str, *, is_after: bool) -> None:
    """It dies before or after the work that was named, and not again in its next life."""
    order = tmp_path / "order"
    point = Point("m", "Program", method, is_after=is_after, word="money")
    wrapped = wrap(getattr(Program, method), point, order)
    program = Program()

    async def do(what: str) -> None:
        """Do it, whether it takes time or not."""
        result = wrapped(program, what)
        assert (await result if inspect.isawaitable(result) else result) == what

    await do("money")
    order.touch()
    await do("words")
    with pytest.raises(Died):
        await do("money")
    assert program.done == ["money", "words", "money"][: 2 + is_after]
    await do("money")


@pytest.mark.parametrize("name", POINTS)
def test_points_are_there(name: str) -> None:
    """Each point is on the way of a method that the program has."""
    point = POINTS[name]
    owner = getattr(import_module(point.module), point.owner)
    assert inspect.isfunction(getattr(owner, point.method))


def test_only_modules_with_points_are_touched(tmp_path: Path) -> None:
    """Everything else is found as ever; what has points is wrapped as it is loaded."""
    finder = PointFinder(tmp_path)
    assert finder.find_spec("json", None) is None
    package = [str(Path(str(import_module("telegram_bot").__file__)).parent)]
    spec = finder.find_spec("telegram_bot.outbox", package)
    assert spec is not None
    assert spec.loader is not None
    module = import_module("telegram_bot.outbox")
    fresh = type(module)(module.__name__)
    fresh.__dict__.update(__file__=spec.origin, __spec__=spec)
    spec.loader.exec_module(fresh)
    assert hasattr(fresh.Outbox._write_down, "__wrapped__")
    assert not hasattr(module.Outbox._write_down, "__wrapped__")
