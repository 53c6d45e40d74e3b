"""Documentation of the action `secret`; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret
short_description: Generate MinIO's keys and the data connection
description:
  - Creates what does not exist; what exists keeps its keys. No value reaches Ansible.
options:
  namespace:
    description: The demo's namespace.
    type: str
    required: true
author:
  - The serving demo's authors (@serving-demo)
"""

EXAMPLES = r"""
- name: Generate MinIO's keys and the data connection
  serving_demo.kube.secret:
    namespace: serving-demo-gitops
"""

RETURN = r"""
changed:
  description: Whether anything was, or in check mode would be, written.
  returned: always
  type: bool
"""
