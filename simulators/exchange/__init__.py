"""A CEX.IO Spot Trading that runs on this machine: same REST, same WebSocket, real matching."""
