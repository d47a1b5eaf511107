"""Pictures of runs, as figures of matplotlib: losses, metrics, states, spectra, eigenvalues. Used by plot.py and report.py.

Lines differ in dashes and width as well as in colour, images run from dark to light: all of it can be printed in grey. What is wrong
with a file is a ValueError that names it.
"""

import csv
from pathlib import Path

import numpy as np

DASHES = ["-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (1, 1))]


# ---- What is read ----


def read_table(path):
    """A CSV file as columns of numbers by name; what is empty is nan."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if len(rows) < 2 or not rows[0]:
        raise ValueError(f"{path}: no table with a line of names and at least a row")
    try:
        columns = {name: np.array([float(row[k]) if row[k] else np.nan for row in rows[1:]]) for k, name in enumerate(rows[0])}
    except (IndexError, ValueError) as error:
        raise ValueError(f"{path}: not a table of numbers ({error})") from None
    return columns


def read_history(run):
    path = Path(run)
    return read_table(path / "history.csv" if path.is_dir() else path)


def read_spectrum(run):
    path = Path(run)
    return read_table(path / "spectrum.csv" if path.is_dir() else path)


def read_states(path, sample=0):
    """One trajectory, (levels, channels, *points), of a file that trainax wrote, in double."""
    import h5py

    with h5py.File(path, "r") as file:
        if "trajectories" not in file:
            raise ValueError(f"{path}: there are no /trajectories in it")
        stored = file["trajectories"]
        if not -stored.shape[0] <= sample < stored.shape[0]:
            raise ValueError(f"{path}: it has {stored.shape[0]} trajectories, and none of number {sample}")
        return stored[sample].astype(float)


def column(table, name, path):
    if name not in table:
        raise ValueError(f"{path}: no column '{name}'; it has {', '.join(table)}")
    return table[name]


# ---- Curves ----


def figure_of(pyplot, rows=1, columns=1, width=6.4, height=4.2, **shared):
    return pyplot.subplots(rows, columns, figsize=(width, height), layout="constrained", squeeze=False, **shared)


def draw_band(axes, k, label, curves):
    """The median of several curves over their common steps, the middle half and the whole range around it; one alone as it is.
    curves: pairs of steps and values."""
    common = sorted(set.intersection(*(set(steps[np.isfinite(values)]) for steps, values in curves)))
    if not common:
        return
    values = np.array([values[np.isin(steps, common)] for steps, values in curves])
    style = {"color": f"C{k}", "linestyle": DASHES[k % len(DASHES)]}
    axes.plot(common, np.median(values, axis=0), label=label + (f" ({len(curves)} runs)" if len(curves) > 1 else ""), **style)
    if len(curves) > 1:
        for low, high, alpha in ((0, 1, 0.12), (0.25, 0.75, 0.25)):
            axes.fill_between(common, np.quantile(values, low, axis=0), np.quantile(values, high, axis=0), color=f"C{k}", alpha=alpha,
                              linewidth=0)


def draw_curves(axes, groups, abscissa, ordinate, read):
    """groups: label -> paths of runs that differ in their keys alone."""
    lowest, highest = np.inf, 0.0
    for k, (label, paths) in enumerate(groups.items()):
        tables = [(path, read(path)) for path in paths]
        curves = [(column(table, abscissa, path), column(table, ordinate, path)) for path, table in tables]
        finite = np.concatenate([values[np.isfinite(values)] for _, values in curves])
        lowest, highest = min(lowest, finite.min(initial=np.inf)), max(highest, finite.max(initial=0))
        draw_band(axes, k, label, curves)
    axes.set(xlabel=abscissa, ylabel=ordinate)
    if 0 < 10 * lowest < highest:
        axes.set_yscale("log")
    axes.legend(fontsize="small")
    axes.grid(True, linewidth=0.3)


def losses(pyplot, groups, name="loss"):
    """Of run directories (or history.csv): a column of their histories over the steps."""
    figure, axes = figure_of(pyplot)
    draw_curves(axes[0, 0], groups, "step", name, read_history)
    return figure


def spectrum(pyplot, groups):
    """Of run directories (or spectrum.csv): the eigenvalues of `trainax inspect --spectrum`; those that are not above 0 are rounding."""
    figure, axes = figure_of(pyplot)
    place, k = axes[0, 0], 0
    for label, paths in groups.items():
        for path in paths:
            table = read_spectrum(path)
            values = column(table, "eigenvalue", path)
            place.plot(column(table, "index", path)[values > 0], values[values > 0], label=label, color=f"C{k}", marker=".",
                       linestyle=DASHES[k % len(DASHES)])
            k += 1
    place.set(xlabel="index", ylabel="eigenvalue of the Gauss-Newton matrix", yscale="log")
    place.legend(fontsize="small")
    place.grid(True, linewidth=0.3)
    return figure


def metrics(pyplot, groups, names=None):
    """Of tables of `trainax evaluate --output`: each metric over the steps of the rollout."""
    first = next(iter(groups.values()))[0]
    names = names or [name for name in read_table(first) if name != "step"]
    figure, axes = figure_of(pyplot, 1, len(names), 1.2 + 5.2 * len(names))
    for place, name in zip(axes[0], names):
        draw_curves(place, groups, "step", name, read_table)
        place.set_xlabel("step of the rollout")
    return figure


# ---- States ----


def beside_each_other(named, channel):
    """named: title -> (levels, channels, *points). Their channel, cut to common levels, and their difference where there are two."""
    levels = min(len(states) for states in named.values())
    shapes = {states.shape[1:] for states in named.values()}
    if len(shapes) > 1:
        raise ValueError(f"states of different shapes: {', '.join(str(shape) for shape in sorted(shapes))}")
    channels = next(iter(shapes))[0]
    if not 0 <= channel < channels:
        raise ValueError(f"the states have {channels} channels, and none of number {channel}")
    parts = {title: states[:levels, channel] for title, states in named.items()}
    if len(parts) == 2:
        one, other = parts.values()
        parts["|difference|"] = np.abs(one - other)
    return parts


def limits(parts):
    """Of all but the difference: the last one given, the reference, is the measure; a rollout that blows up is cut off."""
    reference = [states for title, states in parts.items() if title != "|difference|"][-1]
    finite = reference[np.isfinite(reference)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def draw_image(pyplot, axes, title, values, low, high, **options):
    difference = title == "|difference|"
    image = axes.imshow(values, cmap="Greys" if difference else "viridis", vmin=0 if difference else low,
                        vmax=max(high - low, 1e-300) if difference else high, interpolation="nearest", **options)
    axes.set_title(title, fontsize="medium")
    return image


def space_time(pyplot, parts):
    figure, axes = figure_of(pyplot, 1, len(parts), 1 + 3.4 * len(parts), 4.2)
    low, high = limits(parts)
    for place, (title, states) in zip(axes[0], parts.items()):
        image = draw_image(pyplot, place, title, states.T, low, high, aspect="auto", origin="lower")
        place.set(xlabel="level", ylabel="point")
        figure.colorbar(image, ax=place)
    return figure


def frames(pyplot, parts, count=5):
    """Rows: the states; columns: levels from the first to the last. Of three axes the middle plane of the first is shown."""
    levels = np.unique(np.linspace(0, len(next(iter(parts.values()))) - 1, count).astype(int))
    figure, axes = figure_of(pyplot, len(parts), len(levels), 2.1 * len(levels) + 0.8, 2.2 * len(parts))
    low, high = limits(parts)
    for row, (title, states) in zip(axes, parts.items()):
        for place, level in zip(row, levels):
            plane = states[level] if states.ndim == 3 else states[level, states.shape[1] // 2]
            image = draw_image(pyplot, place, title, plane.T, low, high, origin="lower")
            place.set_title(f"level {level}", fontsize="small")
            place.set(xticks=[], yticks=[])
        row[0].set_ylabel(title)
        figure.colorbar(image, ax=list(row))
    return figure


def lines(pyplot, named):
    """Of states without axes: each channel over the levels."""
    channels = next(iter(named.values())).shape[1]
    figure, axes = figure_of(pyplot, channels, 1, 6.4, 1.2 + 1.6 * channels)
    for channel, place in enumerate(axes[:, 0]):
        for k, (title, states) in enumerate(beside_each_other(named, channel).items()):
            if title != "|difference|":
                place.plot(states, color=f"C{k}", linestyle=DASHES[k], label=title)
        place.set_ylabel(f"channel {channel}")
    axes[0, 0].legend(fontsize="small")
    axes[-1, 0].set_xlabel("level")
    return figure


def states(pyplot, named, channel=0):
    """Rollout, reference and their difference, as suits the number of axes."""
    axes = next(iter(named.values())).ndim - 2
    parts = beside_each_other(named, channel)
    return lines(pyplot, named) if axes == 0 else space_time(pyplot, parts) if axes == 1 else frames(pyplot, parts)


def spectrum_of(state):
    """Amplitudes of a real field, summed over shells of whole wavenumbers as long as these fit."""
    points = state.shape
    modes = np.abs(np.fft.rfftn(state)) / state.size
    modes[..., 1 : (points[-1] + 1) // 2] *= 2  # their conjugates are not stored
    wavenumbers = [np.fft.fftfreq(n, 1 / n) for n in points[:-1]] + [np.fft.rfftfreq(points[-1], 1 / points[-1])]
    shell = np.rint(np.sqrt(sum(k**2 for k in np.meshgrid(*wavenumbers, indexing="ij")))).astype(int)
    return np.bincount(shell.ravel(), modes.ravel())[: min(points) // 2 + 1]


def spectra(pyplot, named, channel=0, count=3):
    """Amplitude spectra at a few levels."""
    parts = {title: part for title, part in beside_each_other(named, channel).items() if title != "|difference|"}
    if next(iter(parts.values())).ndim < 2:
        raise ValueError("states without axes have no spectrum")
    levels = np.unique(np.linspace(0, len(next(iter(parts.values()))) - 1, count).astype(int))
    figure, axes = figure_of(pyplot, 1, len(levels), 1.2 + 3.6 * len(levels), 3.8, sharey=True)
    for place, level in zip(axes[0], levels):
        for k, (title, part) in enumerate(parts.items()):
            place.plot(spectrum_of(part[level]), color=f"C{k}", linestyle=DASHES[k], label=title)
        place.set(title=f"level {level}", xlabel="wavenumber", yscale="log")
    axes[0, 0].set_ylabel("amplitude")
    axes[0, 0].legend(fontsize="small")
    return figure
