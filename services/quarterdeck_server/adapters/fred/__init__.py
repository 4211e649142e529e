"""FRED: series of the Federal Reserve Bank of St. Louis, with every vintage if asked."""
