"""Exercises: answers recorded in the student's notebook, compared with the reference on the trusted side."""
