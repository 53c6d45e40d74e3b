"""Documentation of the action `seed`; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seed
short_description: Prepare the bucket and bring files into it
description:
  - Makes the connection's own user and the bucket, proves that they work.
  - Uploads what differs, and checks it by sha256.
options:
  namespace:
    description: The demo's namespace.
    type: str
    required: true
  as_new:
    description: Empty the bucket with all its versions first, and remove every other user of MinIO.
    type: bool
  folders:
    description: Prefix in the bucket to folder on this machine.
    type: dict
author:
  - The serving demo's authors (@serving-demo)
"""

EXAMPLES = r"""
- name: Prepare the bucket and bring files into it
  serving_demo.kube.seed:
    namespace: serving-demo-gitops
    folders:
      triton-repo/fraud: model/fraud
"""

RETURN = r"""
changed:
  description: Whether anything was, or in check mode would be, written.
  returned: always
  type: bool
"""
