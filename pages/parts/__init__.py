"""What pages share: the frame around each, sign-in, cached reads, a table with its download."""
