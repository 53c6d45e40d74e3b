"""`python -m rehearsal.operators.dashboard`: the page and `/api/listing`, on port 8080."""

from __future__ import annotations

import asyncio
import html
import os
import sys
from typing import Any

from aiohttp import web

from rehearsal.api import Api, ApiError
from rehearsal.operators.dashboard import selection
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS
from rehearsal.operators.web import serve
from rehearsal.operators.world import World

Obj = dict[str, Any]
PORT = 8080
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>OpenShift AI (rehearsal)</title>
<h1>Red Hat OpenShift AI {version}</h1>
<p>This page is a stand-in of the rehearsal cluster. It lists what the dashboard of this version would show, asks for no
sign-in, and does nothing else. The same as JSON: <a href="/api/listing">/api/listing</a>.</p>{sections}</html>"""


async def listing(world: World, era: str) -> Obj:
    """Projects, connections, templates, runtimes and models as this version's dashboard selects them."""
    namespaces = await world.list("v1", "Namespace")
    config = await world.find("opendatahub.io/v1alpha", "OdhDashboardConfig", "odh-dashboard-config", APPLICATIONS)
    templates = await world.list("template.openshift.io/v1", "Template", APPLICATIONS)
    projects = selection.projects(namespaces, era)
    for project in projects:
        secrets = await world.list("v1", "Secret", project["name"])
        project["connections"] = selection.connections(secrets, era)
    return {
        "projects": projects,
        "templates": selection.templates(templates, config or {}, era),
        "servingRuntimes": selection.models(await world.list("serving.kserve.io/v1alpha1", "ServingRuntime")),
        "inferenceServices": selection.models(await world.list("serving.kserve.io/v1beta1", "InferenceService")),
    }


def page(version: str, found: Obj) -> str:
    """The listing for people."""
    sections = ""
    for title, items in found.items():
        lines = "".join(f"<li>{html.escape(_line(item))}</li>" for item in items)
        sections += f"<h2>{html.escape(title)}</h2><ul>{lines}</ul>"
    return PAGE.format(version=html.escape(version), sections=sections)


def _line(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    return ", ".join(f"{key}: {value}" for key, value in item.items())


def application(world: World, version: str) -> web.Application:
    """The web application."""
    era = ".".join(version.split(".")[:2])

    async def show(request: web.Request) -> web.Response:
        try:
            found = await listing(world, era)
        except ApiError as error:
            return web.Response(status=502, text=f"the API server refused: {error}\n")
        if request.path == "/api/listing":
            return web.json_response({"version": version, **found})
        return web.Response(text=page(version, found), content_type="text/html")

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/api/health", health)
    app.router.add_get("/api/listing", show)
    app.router.add_get("/", show)
    return app


async def main() -> None:
    """Serve until stopped."""
    async with Api.in_cluster() as api:
        app = application(World(api, "rhods-dashboard"), os.environ.get("VERSION", "3.4"))
        await serve(app, PORT)


if __name__ == "__main__":
    asyncio.run(main())
    sys.exit(0)
