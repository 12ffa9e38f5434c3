"""The companion of *What the Data Hide*: small modules that compute what the chapters explain.

Every model is a frozen dataclass of parameters with an E-step and an M-step, and
:func:`companion.em.fit` alternates the two. Import the module you need, for example
``from companion import datasets, em``.
"""

__version__ = "0.1.0"
