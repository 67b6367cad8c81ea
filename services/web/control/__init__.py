"""Control: who is logged in has commands given, variables written and shutdowns forced."""
