"""Each question's answer as people see it: its sentence, its figure and its table, for screen, comparison and paper."""
