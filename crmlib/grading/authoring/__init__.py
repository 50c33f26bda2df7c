"""An exercise before anybody works on it: its editions, its reference answers, its validation, its release.

It must not know a gradebook: who has which mark is no matter of the exercise.
"""
