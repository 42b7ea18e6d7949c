"""What turns sound into features: one file each, found by ``registry.discover("ser_core.encoders", "ENCODER")``."""
