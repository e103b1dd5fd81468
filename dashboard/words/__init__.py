"""Words: numbers, units, lists and intervals as people read them."""
