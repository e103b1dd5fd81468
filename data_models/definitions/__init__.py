"""Data, each row with its source: scales, vocabulary, rules, filters and scope."""
