"""Exercises: answers recorded in the student's notebook, compared with the reference on the trusted side.

A student's notebook uses `start`, `facts`, `check`, `answer` and `quiz`, and nothing else of this package: none of
them knows an expected value, and importing them loads nothing that marks or confines. Eight rooms, each of which
imports only those before it::

    sandbox      starts, confines, listens to and ends a run; imports nothing of ours but crmlib.errors
    spec         what an exercise asks for, what a class has agreed on, how an answer is recorded
    kinds        one file for each kind of question
    student      what a student's notebook calls
    collecting   submissions found, unpacked, read, repaired
    marking      one submission: run, compared, held against copies
    authoring    editions, reference answers, validation, release
    results      a class: gradebook, feedback, exports, what a person decides

It must not know the command line, and no analysis of the library knows it.
"""

from __future__ import annotations

from crmlib.grading.student import answer, check, facts, quiz, start

__all__ = ["answer", "check", "facts", "quiz", "start"]
