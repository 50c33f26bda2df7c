"""Pictures out of a hostile notebook: decoded under limits and drawn anew, so that none of its bytes go further."""

from __future__ import annotations

import base64
import binascii
import io
import struct
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["pictures_in", "redrawn"]

MOST_BYTES = 4_000_000
MOST_PIXELS = 12_000_000
WIDEST = 1_000
MOST_PICTURES = 12
_HEADING = 33  # bytes of the signature and of the first chunk, which holds the size
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def pictures_in(executed: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Give the figures of an executed notebook: the id of the cell, and a PNG of our own making.

    Parameters
    ----------
    executed
        The notebook as parsed JSON, whatever is in it.
    """
    count = 0
    cells = executed.get("cells")
    for cell in cells if isinstance(cells, list) else []:
        outputs = cell.get("outputs") if isinstance(cell, dict) else None
        for output in outputs if isinstance(outputs, list) else []:
            data = output.get("data") if isinstance(output, dict) else None
            text = data.get("image/png") if isinstance(data, dict) else None
            if isinstance(text, str) and count < MOST_PICTURES and (png := redrawn(text)) is not None:
                count += 1
                yield str(cell.get("id", ""))[:100], png


def redrawn(text: str) -> bytes | None:
    """Draw a picture anew; None for what is none, or is too large.

    Parameters
    ----------
    text
        What stands for a PNG: base64.

    Examples
    --------
    >>> redrawn("iVBORw0KGgo=") is None
    True
    """
    from PIL import Image

    if len(text) > 2 * MOST_BYTES:
        return None
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    # the heading says how large the picture gets, before anything is unpacked
    if (
        len(content) > MOST_BYTES
        or not content.startswith(_SIGNATURE)
        or content[12:16] != b"IHDR"
        or len(content) < _HEADING
    ):
        return None
    width, height = struct.unpack(">II", content[16:24])
    if not 0 < width * height <= MOST_PIXELS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is odd in a file; what it draws is ours
            with Image.open(io.BytesIO(content), formats=["PNG"]) as opened:
                drawn = Image.new("RGB", opened.size, "white")
                turned = opened.convert("RGBA")
                drawn.paste(turned, mask=turned)
    except Exception:  # noqa: BLE001 - whatever a decoder makes of hostile bytes
        return None
    drawn.thumbnail((WIDEST, WIDEST * 2))
    buffer = io.BytesIO()
    drawn.quantize(256).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
