"""The API described: from the table of its resources to an OpenAPI 3.1 document. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.web.api.views import Problem


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter in the path or the query."""

    name: str
    where: Literal["path", "query"]
    schema: dict[str, Any]
    description: str


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing to GET; `problems` are the HTTP statuses it may answer instead, with why.

    `answer` is the model of a JSON answer, or a media type for any other.
    """

    path: str
    summary: str
    answer: type[BaseModel] | str
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[tuple[int, str], ...] = ()


# What the guard may say before a resource is asked.
_ALWAYS = (
    (401, "Neither logged in nor a token, and login_to_read is set."),
    (421, "The site is not served under this host name."),
)


def document(resources: Sequence[Resource], version: str, root: str) -> dict[str, Any]:
    """Describe the resources; `root` is the base path of the site, "" or as `/ups`."""
    models = {each.answer for each in resources if not isinstance(each.answer, str)} | {Problem}
    ordered = sorted(models, key=lambda model: model.__name__)
    keys, definitions = models_json_schema(
        [(model, "serialization") for model in ordered],
        ref_template="#/components/schemas/{model}",
    )
    schemas = {model: keys[(model, "serialization")] for model in ordered}
    return {
        "openapi": "3.1.0",
        "info": {"title": "nutbus", "version": version, "license": {"name": "GPL-2.0-or-later"}},
        "servers": [{"url": root or "/"}],
        "security": [{}, {"token": []}],
        "paths": {each.path: {"get": _operation(each, schemas)} for each in resources},
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(resource: Resource, schemas: dict[type[BaseModel], Any]) -> dict[str, Any]:
    answer = resource.answer
    content = (
        {answer: {"schema": {"type": "string"}}}
        if isinstance(answer, str)
        else {"application/json": {"schema": schemas[answer]}}
    )
    responses: dict[str, Any] = {"200": {"description": resource.summary, "content": content}}
    for status, why in (*resource.problems, *_ALWAYS):
        problem = {"application/json": {"schema": schemas[Problem]}}
        responses[str(status)] = {"description": why, "content": problem}
    return {
        "summary": resource.summary,
        "parameters": [
            {
                "name": each.name,
                "in": each.where,
                "required": each.where == "path",
                "schema": each.schema,
                "description": each.description,
            }
            for each in resource.parameters
        ],
        "responses": responses,
    }
