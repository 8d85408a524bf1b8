"""Nothing lost, nothing twice: the whole system in processes that are killed, beside servers that misbehave."""
