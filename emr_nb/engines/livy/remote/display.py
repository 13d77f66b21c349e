"""Values to MIME bundles: what a notebook on the driver itself would show."""

from __future__ import annotations

import base64
import io
import json
import sys

PLOTLY = "application/vnd.plotly.v1+json"
_METHODS = (
    ("text/html", "_repr_html_"),
    ("text/markdown", "_repr_markdown_"),
    ("text/latex", "_repr_latex_"),
    ("image/svg+xml", "_repr_svg_"),
    ("image/png", "_repr_png_"),
    ("image/jpeg", "_repr_jpeg_"),
    ("application/json", "_repr_json_"),
)


def bundle(value):
    """Return (data, metadata) of a value; it always has text/plain."""
    figure = value if is_figure(value) else figure_of(value)
    if figure is not None:
        return {"image/png": png(figure), "text/plain": repr(value)}, {}
    data, metadata = {}, {}
    if _is_a(value, "plotly.basedatatypes", "BaseFigure"):
        # its own bundle depends on the renderer that plotly chose for a driver without a page
        data[PLOTLY] = json.loads(value.to_json())
        data["text/plain"] = "%s with %d traces" % (type(value).__name__, len(value.data))
    if not isinstance(value, type):
        metadata = _own_forms(value, data)
    if "text/plain" not in data:
        data["text/plain"] = repr(value)
    return _json(data), _json(metadata)


def _own_forms(value, data):
    """Add the forms that a value gives of itself; return their metadata."""
    metadata = {}
    whole = _call(value, "_repr_mimebundle_")
    if isinstance(whole, tuple) and len(whole) == 2:
        whole, metadata = whole
    if isinstance(whole, dict):
        data.update(whole)
    for kind, method in _METHODS:
        if kind in data:
            continue
        made = _call(value, method)
        if isinstance(made, tuple) and len(made) == 2:
            made, metadata[kind] = made
        if made is not None:
            data[kind] = made
    return metadata


def _call(value, name):
    method = getattr(value, name, None)
    if not callable(method):
        return None
    try:
        return method()
    except (NotImplementedError, TypeError, ImportError):
        return None


def _json(data):
    """Spell bytes as base64 and refuse what JSON cannot hold."""
    spelled = {
        kind: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for kind, value in data.items()
    }
    return json.loads(json.dumps(spelled, default=repr))


def is_figure(value):
    """Tell a matplotlib figure without importing matplotlib."""
    return any(base.__module__ == "matplotlib.figure" for base in type(value).__mro__)


def figure_of(value):
    """Return the figure of matplotlib's axes, which pandas' `plot()` gives; None for others."""
    if isinstance(value, type) or not _is_a(value, "matplotlib.axes", "Axes"):
        return None
    return value.figure


def _is_a(value, module, name):
    return any(
        base.__name__ == name and base.__module__.startswith(module) for base in type(value).__mro__
    )


def follow_pyplot(show):
    """Let `plt.show()` show in the notebook; nothing where pyplot is not loaded.

    A driver has no screen: pyplot would only warn. Figures are closed then, as in a notebook.
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or getattr(pyplot, "figure", None) is None:
        return

    def show_all(*_args, **_options):
        for number in pyplot.get_fignums():
            show(pyplot.figure(number))
        pyplot.close("all")

    pyplot.show = show_all


def png(figure):
    """Render a matplotlib figure as base64 PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


class MagicError(ValueError):
    """A `%` line that this session does not know or cannot carry out."""


def magic(name, argument, namespace):
    """Carry out one of Livy's magics on a value: (data, metadata) to show."""
    if name == "matplot":
        return _matplot(argument, namespace)
    if name not in ("json", "table"):
        raise MagicError("unknown magic %%%s: here are %%json, %%table and %%matplot" % name)
    value = eval(compile(argument, "<magic>", "eval", 0, True), namespace)
    if name == "json":
        return {"application/json": json.loads(json.dumps(value)), "text/plain": repr(value)}, {}
    return _table(value)


def _matplot(argument, namespace):
    value = eval(compile(argument, "<magic>", "eval", 0, True), namespace)
    if not is_figure(value):
        value = value.gcf()  # the argument is usually pyplot
    return {"image/png": png(value), "text/plain": repr(value)}, {}


def _table(value):
    """Form Livy's own table bundle from a list of rows (dicts, lists or values)."""
    rows = list(value)
    names, lists = [], []
    for row in rows:
        if isinstance(row, dict):
            pairs = [(str(key), item) for key, item in row.items()]
        elif isinstance(row, (list, tuple)):
            pairs = [(str(at), item) for at, item in enumerate(row)]
        else:
            pairs = [("0", row)]
        names.extend(name for name, _ in pairs if name not in names)
        lists.append(dict(pairs))
    data = [[row.get(name) for name in names] for row in lists]
    table = {"headers": [{"name": name} for name in names], "data": data}
    text = "\n".join(["\t".join(names)] + ["\t".join(map(str, row)) for row in data])
    shown = {"application/vnd.livy.table.v1+json": table, "text/plain": text}
    return json.loads(json.dumps(shown, default=repr)), {}
