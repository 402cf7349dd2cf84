"""Every guard switched off in turn: do the tests notice?"""
