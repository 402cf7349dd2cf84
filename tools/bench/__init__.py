"""The cost of Latchkey, as ratios to a floor measured in the same run: `make bench`."""
