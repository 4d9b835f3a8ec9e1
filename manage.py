#!/usr/bin/env python
"""Django's command line for fbadmin."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fbadmin.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A setting that is missing or wrong is for a person to mend: the sentence, not the traceback.
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
