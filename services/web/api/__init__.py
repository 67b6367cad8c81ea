"""The API: what the pages show, as JSON, described by OpenAPI, read-only."""

from services.web.api.resources import routes

__all__ = ["routes"]
