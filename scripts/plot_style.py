"""How the plots of ltlab look: one style, one set of colours, axes of densities and of accuracies."""

import io
import textwrap

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from script_errors import InputError
from script_files import write_whole

# Okabe & Ito's colours and three more, and a marker of each for those who see none.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255", "#999933", "#8A8A8A")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "*", ">")

STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "svg.fonttype": "none",
}


def lay_out(figure, below, title):
    """Spaces the axes out between the fraction `below` of the figure, left to legends, and the title, if any."""
    top = 1
    if title:
        inches = 1 / figure.get_figheight()
        text = textwrap.fill(title, int(13 * figure.get_figwidth()))
        heading = figure.suptitle(text, x=0.01, y=1 - 0.08 * inches, ha="left", va="top", fontsize=10)
        heading.set_in_layout(False)
        top -= (0.12 + 0.17 * len(text.splitlines())) * inches
    figure.tight_layout(rect=(0, below, 1, top), w_pad=2.5)


def save(figure, path, svg, dpi=200):
    """Writes the image, by its suffix a PNG or what else matplotlib draws, and if asked an SVG beside it."""
    for file in [path] + ([path.with_suffix(".svg")] if svg else []):
        content = io.BytesIO()
        try:
            figure.savefig(content, dpi=dpi, format=file.suffix.removeprefix(".") or None)
        except ValueError as error:
            raise InputError(f"cannot draw {file}: {error}") from error
        write_whole(file, content.getbuffer())


def set_density_axis(axes, sparsest):
    """A logarithmic axis in %, from dense to the fraction `sparsest`."""
    axes.set_xscale("log")
    axes.set_xlim(115, 100 * sparsest / 1.15)
    axes.xaxis.set_major_locator(FixedLocator([100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("weights remaining (%)")


def set_accuracy_axis(axes, accuracies):
    """An axis in % that shows all of the fractions `accuracies`, logarithmic in the error.

    From 96 to 98 % is as far as from 92 to 96 %, so that what falls far below does not press the others together.
    """
    errors = 100 * (1 - np.asarray(accuracies))
    least = max(0.01, errors.min() / 1.15)
    most = errors.max() * 1.08
    axes.set_yscale("function", functions=(lambda accuracy: -np.log(np.maximum(100 - accuracy, least / 2)),
                                           lambda scaled: 100 - np.exp(-scaled)))
    axes.set_ylim(100 - most, 100 - least)
    nice = [part * decade for decade in (0.01, 0.1, 1, 10) for part in (1, 1.5, 2, 3, 5, 7)] + [90]
    ticks = [100 - error for error in nice if least <= error <= most]
    axes.yaxis.set_major_locator(FixedLocator(ticks) if len(ticks) > 3 else MaxNLocator(6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylabel("test accuracy (%; errors on a log scale)")
