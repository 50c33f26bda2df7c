"""What a notebook says to its reader and to the run: records, decisions, what is skipped, a stop, sliders.

It must know no shop and no analysis, so that any notebook can use it.
"""

from __future__ import annotations

from crmlib.notebook.notes import decide, skip
from crmlib.notebook.parameters import check_parameters
from crmlib.notebook.recording import record
from crmlib.notebook.stopping import stop_here
from crmlib.notebook.too_little import or_skip, or_stop
from crmlib.notebook.widgets import explore

__all__ = ["check_parameters", "decide", "explore", "or_skip", "or_stop", "record", "skip", "stop_here"]
