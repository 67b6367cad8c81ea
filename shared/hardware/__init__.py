"""The hardware list: which models are known to work, with which driver of NUT."""
