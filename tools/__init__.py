"""Tools of developers: bench, load, mutants, rehearsal. Never deployed."""
