"""``python -m crmlib`` is the command ``crmlib``."""

from crmlib.commands.main import main

if __name__ == "__main__":
    main(prog_name="crmlib")
