"""Sliders around a plain function, for whoever has a notebook open; nothing at all in a headless run."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from crmlib.errors import CrmlibError, require_extra
from crmlib.notebook.recording import running_shell
from crmlib.words import likeliest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["explore", "in_kernel"]

_RANGE_LENGTHS = (2, 3)


def explore(function: Callable[..., Any], *, interactive: bool = True, **controls: Any) -> None:
    """Let the reader turn the knobs of a function.

    Parameters
    ----------
    function
        A plain function that draws a figure, prints, or returns something to show.
    interactive
        False does nothing, so that a headless run and a printed page lose nothing: call the function once
        yourself above, with the conclusion you want to teach.
    **controls
        One for each argument to vary: ``(min, max)`` or ``(min, max, step)`` a slider, a list a menu, True or
        False a checkbox. A control starts at the default of the function's argument, where it has one.

    Examples
    --------
    >>> def double(n=3):
    ...     return 2 * n
    >>> explore(double, interactive=False, n=(1, 10))

    In a notebook, ``explore(double, n=(1, 10))`` shows a slider from 1 to 10 that starts at 3.
    """
    arguments = inspect.signature(function).parameters
    for name in controls:
        if name not in arguments and not any(p.kind is p.VAR_KEYWORD for p in arguments.values()):
            close = likeliest(name, arguments, most=1)
            hint = f" Did you mean {close[0]!r}?" if close else f" It has: {', '.join(arguments)}."
            raise CrmlibError(f"{function.__name__}() has no argument {name!r} to vary.{hint}")
    if not interactive or not in_kernel():
        return
    require_extra("course", "explore()", "ipywidgets")
    import ipywidgets as widgets
    from IPython.display import display

    built = {name: _control(name, spec, arguments.get(name)) for name, spec in controls.items()}
    output = widgets.interactive_output(_shown_once(function), built)
    display(widgets.VBox([*built.values(), output]))  # type: ignore[no-untyped-call]


def in_kernel() -> bool:
    """Say whether this is a notebook's kernel, which can show buttons and hear them.

    Examples
    --------
    >>> in_kernel()
    False
    """
    return getattr(running_shell(), "kernel", None) is not None


def _control(name: str, spec: Any, argument: inspect.Parameter | None) -> Any:
    import ipywidgets as widgets

    start = inspect.Parameter.empty if argument is None else argument.default
    looks: dict[str, Any] = {"description": name.replace("_", " "), "style": {"description_width": "initial"}}
    if isinstance(spec, bool):
        return widgets.Checkbox(value=start if isinstance(start, bool) else spec, **looks)
    if isinstance(spec, list) and spec:
        return widgets.Dropdown(options=spec, value=start if start in spec else spec[0], **looks)
    if isinstance(spec, tuple) and len(spec) in _RANGE_LENGTHS and all(_is_number(x) for x in spec):
        low, high, *step = spec
        if low < high and all(s > 0 for s in step):
            whole = all(isinstance(x, int) for x in spec)
            slider = widgets.IntSlider if whole else widgets.FloatSlider
            if not (_is_number(start) and low <= start <= high):
                start = low
            step_size = step[0] if step else (1 if whole else (high - low) / 100)
            # A figure is drawn when the knob is let go: drawing at every step lags behind the hand.
            return slider(value=start, min=low, max=high, step=step_size, continuous_update=False, **looks)
    raise CrmlibError(
        f"The control {name}={spec!r} is not one: give (min, max) or (min, max, step) with min < max, a list of "
        "choices, or True or False."
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown_once(function: Callable[..., Any]) -> Callable[..., None]:
    # Both the inline backend and the display of a returned figure would show it: show each figure here, then close it.
    def show(**values: Any) -> None:
        from IPython.display import display

        before = _figures()
        result = function(**values)
        drawn = [figure for number, figure in _figures().items() if number not in before]
        for figure in drawn:
            display(figure)  # type: ignore[no-untyped-call]
            sys.modules["matplotlib.pyplot"].close(figure)
        if result is None or (drawn and _is_drawing(result)):
            return
        display(result)  # type: ignore[no-untyped-call]

    return show


def _figures() -> dict[int, Any]:
    if "matplotlib.pyplot" not in sys.modules:  # a function that draws nothing needs no import of it
        return {}
    import matplotlib.pyplot as plt

    return {number: plt.figure(number) for number in plt.get_fignums()}


def _is_drawing(result: Any) -> bool:
    first = next(iter(result), None) if isinstance(result, (list, tuple)) else getattr(result, "flat", [result])[0]
    return type(first).__module__.partition(".")[0] in {"matplotlib", "seaborn"}
