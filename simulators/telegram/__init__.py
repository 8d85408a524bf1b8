"""A Bot API that runs on this machine, with a chat page in the browser."""
