"""One submission to its marks: run on hidden shops, compared with the reference, held against copies of others.

It must not know the class, its gradebook or what people decided; nothing of it ever enters the sandbox.
"""
