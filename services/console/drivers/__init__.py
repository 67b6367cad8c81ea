"""`nutbus drivers`: which drivers there are, what they are told, and which one a model needs."""
