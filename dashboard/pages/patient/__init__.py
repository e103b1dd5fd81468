"""The Patient page: one course, in words and pictures."""
