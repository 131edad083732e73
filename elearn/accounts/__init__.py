"""People, org units, roles, sign-in."""
