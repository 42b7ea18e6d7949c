"""One file = one page = one question answered; it draws, it never computes. See ``parts/frame.py``."""
