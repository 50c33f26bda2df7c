"""The suite of notebooks: built from percent sources, run headless by papermill, read as one HTML report.

`build` turns ``notebooks/src`` into notebooks, `run` executes them side by side, `report` sets the page.
"""
