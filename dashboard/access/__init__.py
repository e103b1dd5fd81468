"""Who may ask for what, and the headers that every answer carries."""
