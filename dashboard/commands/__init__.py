"""The commands of the command line, a file a group, and what they share: their manners and their failures."""
