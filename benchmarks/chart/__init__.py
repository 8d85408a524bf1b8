"""Draw a chart of candles: this project against matplotlib."""

from benchmarks.harness import OUR_PYTHON, PEER_PYTHON, Figures, Row, ratio, worker

DRAWINGS = 200
QUICK_DRAWINGS = 20
MILLISECONDS = 1e3
MOST_MILLISECONDS = 20
TIMES_FASTER = 3


def run(quick: bool) -> list[Row]:
    """Let both draw the same picture in turns, one drawing a turn."""
    with (
        worker(OUR_PYTHON, "benchmarks.chart.ours:draw") as ours,
        worker(PEER_PYTHON, "benchmarks.chart.peer:draw") as peer,
    ):
        sides = (ours, peer)
        samples: tuple[list[float], list[float]] = ([], [])
        for side in sides:
            side.run(3)
        for _ in range(QUICK_DRAWINGS if quick else DRAWINGS):
            for side, found in zip(sides, samples, strict=True):
                found.append(side.run(1))
    figures, theirs = (Figures.of(found, MILLISECONDS) for found in samples)
    to_peer = ratio(figures, theirs)
    return [
        Row(
            "chart: 120 candles",
            "ms",
            figures,
            f"≤ {MOST_MILLISECONDS} ms, ≥ {TIMES_FASTER} x faster than the peer",
            figures.median <= MOST_MILLISECONDS
            and to_peer is not None
            and to_peer <= 1 / TIMES_FASTER,
            peer=theirs,
        )
    ]
