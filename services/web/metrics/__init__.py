"""Metrics for Prometheus: `/metrics`, and `/ups_metrics` with the names of nut_exporter."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from services.web.metrics.endpoints import Endpoints
from services.web.site import Site


def routes(site: Site) -> Sequence[BaseRoute]:
    """Give the routes of this part."""
    endpoints = Endpoints(site)
    return (
        Route("/metrics", endpoints.metrics, methods=["GET"]),
        Route("/ups_metrics", endpoints.ups_metrics, methods=["GET"]),
    )
