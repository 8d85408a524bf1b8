"""This project, the floor and the peers, measured side by side in one run."""
