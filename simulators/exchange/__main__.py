"""Run the exchange simulator: `python -m simulators.exchange`."""

import argparse
import asyncio
from pathlib import Path
import signal
import sys

import orjson

from simulators.exchange.faults import parse_rule, parse_setting
from simulators.exchange.server import ExchangeServer
from simulators.exchange.state import StateError

EPILOG = """\
When it is ready it prints one line of JSON on stdout: the URLs (rest_public, rest, ws_public, ws, base, control)
and the API keys (key and secret with all permissions, others under keys).

  curl -X POST -d '{"pairs":["BTC-USD"]}' http://127.0.0.1:8089/api/spot/rest-public/get_ticker
  curl http://127.0.0.1:8089/control/                        # what can be controlled
  curl -d '{"pair":"BTC-USD","price":"61000"}' http://127.0.0.1:8089/control/market/price

Stop it with Ctrl-C or SIGTERM.
"""
FAULT_HELP = (
    "begin with a fault: kind:field=value,... such as drop:match=order_book_increment,probability=0.1 or "
    "refuse:match=get_my_orders,status=429,count=3; GET /control/faults lists kinds and fields; repeatable"
)
SWITCH_HELP = "decide what the documentation leaves open, such as idle_limit=10; GET /control/faults lists them; repeatable"


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python -m simulators.exchange",
        description="A CEX.IO Spot Trading on this machine: same REST, same WebSocket, real matching.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--port",
        type=int,
        default=0,
        help="port on 127.0.0.1; 0 (default) takes a free one",
    )
    made.add_argument(
        "--seed",
        type=int,
        default=1,
        help="makes API keys and market moves; the same seed, the same exchange (default 1)",
    )
    made.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="keep orders and balances in FILE from one start to the next",
    )
    made.add_argument(
        "--pairs", type=int, default=0, metavar="N", help="list at least N pairs"
    )
    made.add_argument(
        "--fault", action="append", default=[], metavar="RULE", help=FAULT_HELP
    )
    made.add_argument(
        "--switch", action="append", default=[], metavar="NAME=VALUE", help=SWITCH_HELP
    )
    made.add_argument(
        "--still", action="store_true", help="start with prices that do not move"
    )
    return made


async def run(options: argparse.Namespace) -> None:
    """Serve until told to stop."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = ExchangeServer(
        seed=options.seed,
        port=options.port,
        market_moves=not options.still,
        pairs=options.pairs,
        state_file=options.state,
        faults=[parse_rule(text) for text in options.fault],
        switches=dict(parse_setting(text) for text in options.switch),
    )
    async with server:
        sys.stdout.buffer.write(orjson.dumps(server.described()) + b"\n")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    try:
        asyncio.run(run(parser().parse_args(arguments)))
    except (StateError, OSError, ValueError) as err:
        sys.stderr.write(f"simulators.exchange: {err}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
