#!/usr/bin/env python
"""Django's command line for fbadmin."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from fbadmin import tryout


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fbadmin.settings")
    try:
        if sys.argv[1:2] in (["demo"], ["sandbox"]):
            # A try-out needs no settings: it brings its own.
            tryout.prepare(sys.argv[2:])
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A setting that is missing or wrong is for a person to mend: the sentence, not the traceback.
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
