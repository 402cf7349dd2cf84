"""The clinicians' console: pages over the same use cases as the JSON API. It makes no decision and writes no table."""
