"""Stand-ins that answer over the real wire: `backend` for the internal services."""
