"""How much the integration takes in before it falls behind, and how the cost grows with the amount."""
