"""What the auth area counts."""

from prometheus_client import Counter

SIGN_INS = Counter(
    "quarterdeck_auth_sign_ins_total", "Attempts to sign in.", ["credential", "outcome"]
)
REFRESHES = Counter("quarterdeck_auth_refreshes_total", "Attempts to renew a session.", ["verdict"])
