"""Documentation of the action `delete`; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: delete
short_description: Delete objects of the demo
description:
  - Deletes what carries the demo's labels and is in the cluster's record, in order, and waits until it is gone.
options:
  src:
    description: A JSON file with references.
    type: path
    required: true
  timeout:
    description: Seconds at most.
    type: int
  orphaning:
    description: Begin of the finalizers that are taken off first, because what they delete along goes by itself later.
    type: str
  force_finalizers:
    description: Strip finalizers whose controller is gone.
    type: bool
author:
  - The serving demo's authors (@serving-demo)
"""

EXAMPLES = r"""
- name: Delete objects of the demo
  serving_demo.kube.delete:
    src: /tmp/run/delete.json
"""

RETURN = r"""
changed:
  description: Whether anything was, or in check mode would be, written.
  returned: always
  type: bool
"""
