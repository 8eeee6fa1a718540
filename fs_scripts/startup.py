"""Entry of the switch's start. mod_python3 loads this module as the `startup-script` of python.conf.xml."""

from fs_scripts import warm_up


def runtime(args: str) -> None:  # noqa: ARG001 - the switch passes it
    """Import what calls need before the first one comes, and start the workers that serve the whole switch."""
    warm_up.run()
