"""How the plots of ltlab look: one style, one set of colours, one axis of densities."""

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

# Okabe & Ito's colours, and a marker of each for those who see none.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

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


def set_density_axis(axes, sparsest):
    """A logarithmic axis in %, from dense to the fraction `sparsest`."""
    axes.set_xscale("log")
    axes.set_xlim(115, 100 * sparsest / 1.15)
    axes.xaxis.set_major_locator(FixedLocator([100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("weights remaining (%)")
