"""The engine: pairs, money, books, orders. It knows nothing of HTTP, WebSocket or JSON."""
