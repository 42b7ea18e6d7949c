"""Which part of a clip carries the emotion: frame posteriors, segments, and the models that find them."""
