"""The upstream description of the API: the slice of it that this package knows, and what differs from it.

    from realtimekit.contract import compare, saved
    from realtimekit.contract.reading import read

    for difference in compare(saved(), read("openapi.json")):
        print(difference)

Source: Cloudflare's OpenAPI description, https://github.com/cloudflare/api-schemas; `slice.json` says where it is from.
"""

from __future__ import annotations

from realtimekit.contract.comparing import Difference, compare
from realtimekit.contract.document import SpecError
from realtimekit.contract.slicing import cut, saved

__all__ = ["Difference", "SpecError", "compare", "cut", "saved"]
