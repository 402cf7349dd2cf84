"""Simulation of outages at night: `python -m tools.quiet_night`. How soon do the template's alarms tell someone?"""
