"""What every page shares: sign-in glue, permission table, errors, security headers, templates."""
