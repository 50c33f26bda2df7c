"""The command ``crmlib``: options in, a sentence or a file out.

A command checks what people typed and calls the library; it must hold no rule of its own.
"""
