"""Sequences that several tests run."""

from __future__ import annotations

#: One mail to everybody who may get marketing, whenever.
NEWSLETTER = """name = "news"
version = 1
purpose = "marketing"
trigger = { event = "calendar" }
again_after_days = 90
[[steps]]
name = "first"
channels = ["email"]
template = "win_back"
offer = { kind = "winback", discount = 0.1, code = "X10", valid_days = 21 }
"""
