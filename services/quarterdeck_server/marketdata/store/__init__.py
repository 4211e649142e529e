"""The tables of the schema ``marketdata`` in PostgreSQL."""
