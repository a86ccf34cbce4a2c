"""Errors as a user sees them: one line on stderr and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer
from typer.main import get_command

from moderation.cli.console import complain, remark
from moderation.errors import ModerationError


class Interrupted(ModerationError):
    """The user broke off long work; the message says what is kept of it."""

    exit_code = 130
    # As shells have it: 128 + SIGINT.


_USAGE_ERROR = typer.BadParameter.__mro__[1]
# Typer carries its own click or uses the one beside it, depending on its version: the class that all
# of its complaints about a command line descend from is reached by the one name that is public in both.


def guarded(app: typer.Typer, arguments: Sequence[str] | None) -> int:
    """Run the command line and turn every way it can fail into a line and an exit code."""
    try:
        status = get_command(app).main(
            args=list(arguments) if arguments is not None else None,
            prog_name="moderation",
            standalone_mode=False,
        )
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except ModerationError as error:
        complain(str(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
        return Interrupted.exit_code
    except typer.Exit as error:
        return error.exit_code
    except SystemExit as error:
        # Typer's way out when whoever read our output has seen enough: nobody is left to be told more.
        return error.code if isinstance(error.code, int) else 1
    except Exception as error:
        if not isinstance(error, _USAGE_ERROR):
            raise
        _explain_usage(error)
        return 2


def _explain_usage(error: Exception) -> None:
    context = getattr(error, "ctx", None)
    message = getattr(error, "format_message", error.__str__)()
    if type(error).__name__ == "NoArgsIsHelpError":
        remark(message, one_line=False)
    else:
        command = context.command_path if context else "moderation"
        complain(f"{message.rstrip('.')}; see: {command} --help")
