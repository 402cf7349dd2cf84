"""Mutation guards: each check of the product is switched off in turn, and a test has to fail."""
