"""Documentation of the action `apply`; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apply
short_description: Bring rendered objects into the cluster
description:
  - Server-side apply in parallel, in the order that kinds need.
  - Equal objects are left alone; check mode is a dry run on the server.
options:
  src:
    description: A JSON file with a list of objects.
    type: path
    required: true
  delivers:
    description: A JSON file with the objects that Argo CD makes of these.
    type: path
  timeout:
    description: Seconds at most.
    type: int
author:
  - The serving demo's authors (@serving-demo)
"""

EXAMPLES = r"""
- name: Bring rendered objects into the cluster
  serving_demo.kube.apply:
    src: /tmp/run/objects/storage/prepare.json
"""

RETURN = r"""
changed:
  description: Whether anything was, or in check mode would be, written.
  returned: always
  type: bool
"""
