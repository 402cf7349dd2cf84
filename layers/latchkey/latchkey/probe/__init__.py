"""The probe: it visits the portal from outside every few minutes, as a client of a practice of its own."""
