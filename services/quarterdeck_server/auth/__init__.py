"""Who calls and what they may do: principals, credentials, sessions, tokens; and the audit log.

Owns the database schema ``auth`` and the key that signs access tokens. Reads ``audit.log``, which
the runtime writes. Never decides on a single call: each process verifies tokens by itself, with the
public keys and the revocations that this area publishes.
"""
