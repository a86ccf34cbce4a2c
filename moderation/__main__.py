"""`python -m moderation`: the command line, where the command itself is not on the path."""

from moderation.cli import main

if __name__ == "__main__":
    main()
