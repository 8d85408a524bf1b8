"""The Telegram companion of the CEX.IO integration for Home Assistant."""
