"""A synthetic clinic: a seeded generator, its published yardsticks, and the small sample it wrote."""
