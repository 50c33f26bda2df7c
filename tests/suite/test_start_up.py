"""What a notebook's run loads before its first cell, and what it leaves for later."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHECK = """
import sys
import crmlib.suite.papermill_engine
assert "rfc3987_syntax" not in sys.modules, "the grammar was made before anybody asked for it"
import jsonschema
addresses = jsonschema.Draft202012Validator({"format": "iri"}, format_checker=jsonschema.FormatChecker())
print(addresses.is_valid("https://città.example/"), addresses.is_valid("no address"), "rfc3987_syntax" in sys.modules)
import rfc3987_syntax
print(rfc3987_syntax.is_valid_syntax("iri", "https://città.example/"))
"""


@pytest.mark.slow
def test_the_grammar_of_addresses_waits_until_one_is_checked() -> None:
    done = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.stdout.split(), done.stderr) == (["True", "False", "True", "True"], "")
