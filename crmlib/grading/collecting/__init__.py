"""Submissions as they come: found in a folder or an archive, unpacked within bounds, read however broken, repaired.

It must not run anything of theirs, and does not know what is right.
"""
