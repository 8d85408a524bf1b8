"""The actions by topic: what each takes, and who answers it."""
