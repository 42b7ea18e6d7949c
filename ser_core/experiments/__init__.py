"""Experiments: a file says which models learn from which clips, and one command trains, tests and records all of them.

``config.py`` is the file key by key, ``grid.py`` its grid, ``plan.py`` everything in it resolved and checked, ``tasks.py``
what workers do, ``results.py`` the tables that come out, ``runner.py`` the way from the one to the other.
"""
