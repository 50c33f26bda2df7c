"""The version of crmlib, for those below the face."""

__version__ = "0.1.0"
