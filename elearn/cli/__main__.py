"""`python -m elearn.cli`, for machines where the console script is not on the path."""

from . import main

main()
