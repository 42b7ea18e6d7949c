"""An encoder's blocks, with little or all of them trained, and a head: from frames to what is said of a clip."""
