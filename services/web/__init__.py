"""The web service: pages, pictures, history and metrics over HTTP."""
