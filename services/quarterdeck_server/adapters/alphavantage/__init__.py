"""Alpha Vantage: daily and intraday bars of shares, a few requests a day.

It answers everything with status 200; what went wrong is told in the answer's words.
"""
