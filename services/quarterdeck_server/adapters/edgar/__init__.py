"""EDGAR: filings with the US Securities and Exchange Commission, and what they report."""
