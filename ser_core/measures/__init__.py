"""Measures on the three tables that are not counts of right and wrong: agreement, ceilings, calibration, times."""
