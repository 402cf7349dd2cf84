"""What an engineer does about a deployed stack, beside deploying it: `python -m operate <command>`; never deployed."""
