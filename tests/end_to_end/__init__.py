"""The whole system as processes, driven over HTTP as a merchant would."""
