"""The SQL of the trading area: one file for each noun, domain values in and out."""
