"""Pictures light enough for a telephone: the same pixels with fewer colours."""

from __future__ import annotations

import base64
import binascii
import io

__all__ = ["lighter"]

_COLOURS = 256
_WHITE = 250  # of 255: an octree puts the middle of a cell in the place of its colours
_MOST_PIXELS = 40_000_000  # a picture that is larger is left alone: to unpack it could take all the memory there is


def lighter(kind: str, data: str) -> str:
    """Return a picture with at most 256 colours, where that makes it smaller.

    A figure is lines, letters and a few fills on white, so its colours fit; what does not get smaller, and what is no
    PNG, stays as it is.

    Parameters
    ----------
    kind
        Its mimetype.
    data
        In base64.

    Examples
    --------
    >>> lighter("image/jpeg", "abcd")
    'abcd'
    """
    if kind != "image/png":
        return data
    from PIL import Image

    try:
        original = base64.b64decode(data)
        with Image.open(io.BytesIO(original), formats=("PNG",)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return data
            pixels = picture if picture.mode == "RGB" else picture.convert("RGBA")
            if pixels.mode == "RGBA" and pixels.getchannel("A").getextrema() != (255, 255):
                pixels = Image.alpha_composite(Image.new("RGBA", pixels.size, "white"), pixels)
            flat = pixels.convert("RGB")
        packed = io.BytesIO()
        few = flat.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        levels = few.getpalette() or []
        # what was white stays white
        few.putpalette([255 if level >= _WHITE else level for level in levels])
        few.save(packed, format="PNG")
    except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return data  # the browser may know what to do with it
    return base64.b64encode(packed.getvalue()).decode("ascii") if len(packed.getvalue()) < len(original) else data
