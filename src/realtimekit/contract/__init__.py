"""Cloudflare's OpenAPI description of the API: the packaged slice of it, and its differences from another version.

    from realtimekit.contract import compare, load_slice
    from realtimekit.contract.load import load

    for difference in compare(load_slice(), load("openapi.json")):
        print(difference)

Source: https://github.com/cloudflare/api-schemas; `slice.json` says where the slice was taken from.
"""

from __future__ import annotations

from realtimekit.contract.diff import Difference, compare
from realtimekit.contract.document import SpecError
from realtimekit.contract.extract import extract_slice, load_slice

__all__ = ["Difference", "SpecError", "compare", "extract_slice", "load_slice"]
