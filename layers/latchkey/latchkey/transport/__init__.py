"""Calls to AWS over HTTP without botocore's clients: signature, connections, retries."""
