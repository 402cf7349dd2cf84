"""Commands for people who operate a deployed stack: `python -m operate <command>`. Never deployed itself."""
