"""EM on one mean: the log-likelihood, and the bound that touches it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from companion import _check
from companion._check import Floats
from companion.gaussians import GaussianMixture
from companion.interactive._page import (
    BLUE,
    GREEN,
    RED,
    Frame,
    decimals,
    is_index,
    is_text,
    page,
    short,
)


@dataclass(frozen=True, eq=False)
class EMBound:
    r"""EM on one mean of a one-dimensional mixture: the log-likelihood and the bound under it.

    .. math::

        \mathrm{ELBO}(q_t, \mu) = \ell(\mu_t) - \frac{N_k}{2 \sigma_k^2}
        \bigl( (\mu - \bar x_k)^2 - (\mu_t - \bar x_k)^2 \bigr)

    with the counts and means of the E-step at :math:`\mu_t`: a parabola that touches
    :math:`\ell` at :math:`\mu_t` and lies below it everywhere else.

    Parameters
    ----------
    model : GaussianMixture
        With D = 1, weights, variances and the other means fixed.
    x : array of shape (N,)
        Points.
    component : int
        The component whose mean moves.
    low, high : float
        Range of the mean, in the units of the data.
    start : float
        Where the reader begins, between `low` and `high`.
    name : str
        What the mean is called.

    Raises
    ------
    ValueError
        If the model has more than one dimension, the component does not exist, the start lies
        outside the range, an M-step from within the range leads out of it, or a number is not
        finite.

    Examples
    --------
    >>> model = GaussianMixture([0.5, 0.5], [0, 4], [1, 1])
    >>> figure = EMBound(model, [0.0, 0.5, 4.0], component=0, low=-3, high=3, start=-2)
    >>> "<svg" in figure._repr_html_()
    True
    """

    model: GaussianMixture = field(repr=False)
    x: ArrayLike = field(repr=False)
    component: int
    low: float
    high: float
    start: float
    name: str = "mean"
    means: Floats = field(init=False, repr=False)
    log_likelihoods: Floats = field(init=False, repr=False)
    counts: Floats = field(init=False, repr=False)
    tops: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        model, set_ = self.model, object.__setattr__
        _check.dimensions(model, 1)
        if not is_index(self.component, model.n_components):
            raise ValueError(f"component must be one of the model's, not {self.component}")
        for name in ("low", "high", "start"):
            set_(self, name, _check.scalar(getattr(self, name), name))
        if not self.low < self.start < self.high:
            raise ValueError(f"start must lie between low and high, not at {self.start}")
        is_text(self.name, "name")
        grid = np.linspace(self.low, self.high, 201)
        log_likelihoods, counts, tops = self._e_steps(grid)
        if not ((self.low <= tops) & (tops <= self.high)).all():
            raise ValueError(
                f"low and high must hold every M-step between them: the means go from "
                f"{tops.min():g} to {tops.max():g}"
            )
        set_(self, "means", grid)
        set_(self, "log_likelihoods", log_likelihoods)
        set_(self, "counts", counts)
        set_(self, "tops", tops)

    def _at(self, mean: float) -> GaussianMixture:
        means = self.model.means.copy()
        means[self.component] = mean
        model = self.model
        return GaussianMixture(model.weights, means, model.covariances, model.covariance_type)

    def _e_steps(self, means: Sequence[float] | Floats) -> tuple[Floats, Floats, Floats]:
        """Log-likelihoods, and counts and means of the component, at several old means."""
        with np.errstate(under="ignore"):
            steps = [self._at(mean).e_step(self.x) for mean in means]
        of = [(value, s.counts[self.component], s.means[self.component, 0]) for s, value in steps]
        value, count, top = np.transpose(of)
        return value, count, top

    def log_likelihood(self, mean: float) -> float:
        r"""Return :math:`\ell` at one value of the mean, in nats.

        Parameters
        ----------
        mean : float
            In the units of the data.

        Returns
        -------
        float

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], [0, 4], [1, 1])
        >>> figure = EMBound(model, [0.0, 4.0], component=0, low=-3, high=3, start=-2)
        >>> figure.log_likelihood(0.0) == model.log_likelihood([0.0, 4.0])
        True
        """
        with np.errstate(under="ignore"):
            return self._at(_check.scalar(mean, "mean")).log_likelihood(self.x)

    def bound(self, old: float, mean: ArrayLike) -> Floats:
        r"""Evidence lower bound at `mean`, with the responsibilities of the old mean.

        Parameters
        ----------
        old : float
            :math:`\mu_t`, where the bound touches.
        mean : array
            Where to evaluate it.

        Returns
        -------
        ndarray
            In nats.

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], [0, 4], [1, 1])
        >>> figure = EMBound(model, [0.0, 4.0], component=0, low=-3, high=3, start=-2)
        >>> bool(figure.bound(-2.0, -2.0) == figure.log_likelihood(-2.0))
        True
        """
        old, mean = _check.scalar(old, "old"), _check.finite(mean, "mean")
        with np.errstate(under="ignore"):
            model = self._at(old)
            statistics, value = model.e_step(self.x)
        N, top = statistics.counts[self.component], statistics.means[self.component, 0]
        variance = model.full_covariances[self.component, 0, 0]
        return np.asarray(value - N / (2 * variance) * ((mean - top) ** 2 - (old - top) ** 2))

    def _digits(self) -> int:
        """Decimal places of a mean."""
        return min(100, max(2, decimals(self.high - self.low, 4)))

    def _tables(self) -> dict[str, object]:
        """Return what a script looks up, over equal steps from `low` to `high`."""
        return {
            "value": short(self.log_likelihoods, np.ptp(self.log_likelihoods)),
            "count": short(self.counts, self.counts.max()),
            "top": short(self.tops, self.high - self.low),
            "variance": float(self.model.full_covariances[self.component, 0, 0]),
            "digits": self._digits(),
            "start": self.start,
        }

    def _repr_html_(self) -> str:
        bottom, top = self.log_likelihoods.min(), self.log_likelihoods.max()
        span = (top - bottom) or 1.0  # nats
        frame = Frame((self.low, self.high), (bottom - 0.15 * span, top + 0.1 * span))
        (old,) = frame.pixels(
            [self.start], [np.interp(self.start, self.means, self.log_likelihoods)]
        )
        stop = np.rint(np.interp(self.start, self.means, np.arange(len(self.means))))
        shapes = f"""
            <polyline class="curve" points="{frame.line(self.means, self.log_likelihoods)}"
              fill="none" stroke="{RED}" stroke-width="2.5"/>
            <polyline class="bound" fill="none" stroke="{BLUE}" stroke-width="2.5"
              stroke-dasharray="7 4"/>
            <line class="gap" visibility="hidden" stroke="{GREEN}" stroke-width="4"/>
            <circle class="old" r="6" cx="{old[0]:g}" cy="{old[1]:g}" fill="{RED}"/>
            <circle class="new" visibility="hidden" r="6" fill="none" stroke="{BLUE}"
              stroke-width="2.5"/>"""
        controls = f"""
            <label>old {escape(self.name)} <input type="range" min="0" max="{len(self.means) - 1}"
              step="1" value="{stop:g}"></label>
            <button type="button" class="e">E-step: draw the bound</button>
            <button type="button" class="m" disabled>M-step: go to its top</button>"""
        return page(
            title=f"EM on one {self.name}",
            description="The log-likelihood as a solid curve; the lower bound as a dashed parabola "
            "that touches it at the old parameter. The next parameter is the top of the parabola; "
            "a thick bar there is the gap between curve and bound.",
            svg=frame.axes(self.name, "log-likelihood") + shapes,
            controls=controls,
            data=self._tables() | {"box": frame.box()},
            script="em_bound",
        )
