"""The Quarterdeck SDK: typed clients for every Quarterdeck service."""
