"""Stands in for AWS on one machine: what `sam build` made, run by the template it was made from. Never deployed."""
