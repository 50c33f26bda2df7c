"""All that starts, confines, listens to and ends the run of a notebook that nobody trusts.

It knows no exercise, no answer and no mark, and imports nothing of ours but `crmlib.errors`: what is not loaded cannot
leak.
"""
