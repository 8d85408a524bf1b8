"""The methods of the exchange, typed once for both channels."""
