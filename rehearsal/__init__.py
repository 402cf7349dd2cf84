"""The whole life of a stack, rehearsed on one machine: `python -m rehearsal`; never deployed."""
