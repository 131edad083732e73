"""Evidence + rule -> credit hours (学时), in hundredths, with the rule's id and version."""
