"""`python -m docs.generate.sbom`: a CycloneDX list of what is installed and built, out of the lock files alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import bootstrap
from docs.generate.licences import APACHE, TOOLS, UNREAD, python_licences
from docs.generate.messages import ROOT
from docs.generate.modules import Module, Tool, packages, python_locks, tools

Part = dict[str, Any]


def part(kind: str, module: Module, licence: str = "") -> Part:
    """Return one component; the hashes of Python are of files to choose from, so they are properties."""
    purl = f"pkg:{kind}/{module.name}@{module.version}"
    found: Part = {"type": "library", "bom-ref": purl, "name": module.name, "version": module.version, "purl": purl}
    if kind == "golang":
        # go.sum's h1 is the SHA-256 over the names and contents of the module's files
        hashes = [base64.b64decode(one.removeprefix("h1:")).hex() for one in module.hashes]
        found["properties"] = [{"name": "go:h1:sha256", "value": one} for one in hashes]
    else:
        found["properties"] = [{"name": "pip:sha256", "value": one} for one in module.hashes]
    if licence:
        found["licenses"] = [{"expression": licence}] if " " in licence else [{"license": named(licence)}]
    return found


def named(licence: str) -> dict[str, str]:
    """Return a licence by its SPDX identifier, or by its name where it declares none."""
    return (
        {"name": licence}
        if licence in ("BSD", "GPL-3.0") or not licence.replace("-", "").replace(".", "").isalnum()
        else {"id": licence}
    )


def built(tool: Tool) -> tuple[Part, Part]:
    """Return a tool as an application, and what is linked into it."""
    reference = f"serving-demo:tool/{tool.name}"
    licence = {"license": named(TOOLS.get(tool.name, UNREAD))}
    made: Part = {
        "type": "application",
        "bom-ref": reference,
        "name": tool.name,
        "version": tool.main.version,
        "licenses": [licence],
        "description": "built on the machine that runs it, and not shipped",
    }
    uses = sorted(f"pkg:golang/{one.name}@{one.version}" for one in tool.modules)
    return made, {"ref": reference, "dependsOn": uses}


def document() -> Part:
    """Return the whole list; the same lock files give the same bytes."""
    licences = python_licences()
    main: Part = {
        "type": "application",
        "bom-ref": "serving-demo",
        "name": "serving-demo",
        "version": bootstrap.__version__,
        "licenses": [{"license": {"id": APACHE}}],
    }
    components: dict[str, Part] = {}
    uses: list[Part] = []
    for lock in python_locks():
        parts = [part("pypi", one, licences.get(one.name, "")) for one in packages(lock)]
        components.update({one["bom-ref"]: one for one in parts})
        reference = "serving-demo" if lock == python_locks()[0] else f"serving-demo:environment/{lock.stem}"
        if reference != "serving-demo":
            components[reference] = {"type": "application", "bom-ref": reference, "name": f"environment {lock.stem}"}
        uses.append({"ref": reference, "dependsOn": sorted({one["bom-ref"] for one in parts})})
    for tool in tools():
        made, needs = built(tool)
        linked = [part("golang", one, TOOLS.get(tool.name, UNREAD) if one == tool.main else "") for one in tool.modules]
        components.update({one["bom-ref"]: {**components.get(one["bom-ref"], {}), **one} for one in linked})
        components[made["bom-ref"]] = made
        uses.append(needs)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": main},
        "components": [components[name] for name in sorted(components)],
        "dependencies": sorted(uses, key=lambda one: str(one["ref"])),
    }


def main() -> None:
    """Write dist/sbom.json."""
    path = Path("dist") / "sbom.json"
    (ROOT / path.parent).mkdir(exist_ok=True)
    found = document()
    (ROOT / path).write_text(json.dumps(found, indent=1) + "\n")
    print(f"{path}: {len(found['components'])} components, CycloneDX {found['specVersion']}")


if __name__ == "__main__":
    main()
