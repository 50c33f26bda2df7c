"""A class to its marks: the gradebook, feedback, files for the platforms, and what a person must decide.

It computes no mark of its own: what counts is what marking found and what people entered.
"""
