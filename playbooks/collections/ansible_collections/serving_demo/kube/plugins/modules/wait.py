"""Documentation of the action `wait`; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wait
short_description: Wait until objects are as they should be
description:
  - Watches the objects; fails as soon as one can never become ready; a timeout says which object, why, and what next.
options:
  src:
    description: A JSON file with what is awaited.
    type: path
    required: true
  timeout:
    description: Seconds at most.
    type: int
  why:
    description: What the wait is for, as people read it.
    type: str
    required: true
  next_step:
    description: What to do when it runs out.
    type: str
author:
  - The serving demo's authors (@serving-demo)
"""

EXAMPLES = r"""
- name: Wait until objects are as they should be
  serving_demo.kube.wait:
    src: /tmp/run/awaited/storage/delivery.json
    why: MinIO
"""

RETURN = r"""
changed:
  description: Whether anything was, or in check mode would be, written.
  returned: always
  type: bool
"""
