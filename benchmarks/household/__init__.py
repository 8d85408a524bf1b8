"""What the integration costs a Home Assistant that watches much: the time to start, points, memory."""
