"""Words every service shares: errors, identifiers, money, time, pages. Imports nothing of ours."""
