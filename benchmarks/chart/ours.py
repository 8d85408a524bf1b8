"""The bot's chart."""

from benchmarks.chart.rows import CANDLES, FILLS, INTERVAL, ORDERS, PAIR
from telegram_bot import charts
from telegram_bot.chart_data import read_chart
from telegram_bot.settings import ChartTheme


def draw() -> bytes:
    """Read and draw everything anew."""
    return charts.draw(
        read_chart(PAIR, INTERVAL, CANDLES, FILLS, ORDERS), ChartTheme.LIGHT
    )
