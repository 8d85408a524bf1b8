"""The WebSocket side: sessions, the hub that tells them of events, the book feeds."""
