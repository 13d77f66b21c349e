"""`--interact`: a widget for each {{name}} of a SQL cell; a button runs it with their values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emr_nb.engines.sql.parameters import names_in
from emr_nb.errors import EmrError, UsageError
from emr_nb.notebook.sql_cells import prepared, rules_for
from emr_nb.notebook.widget_screen import WidgetScreen

if TYPE_CHECKING:
    from emr_nb.notebook.cells import CellMagic, Job
    from emr_nb.notebook.state import Notebook

_MOST_ROWS = 8  # of a list that is seen at once
_EXACT = 2**53  # a browser's numbers are exact up to here


def interact(notebook: Notebook, magic: CellMagic, job: Job) -> None:
    """Show the widgets; each press of the button runs the cell once, its output below them.

    A widget begins with the variable's value and gives one of its kind; the variables stay as
    they are. Raises UsageError for a cell without parameters, and for a value no widget shows.
    """
    import ipywidgets

    where = f"%%{magic.name} --interact"
    if job.options["async_"]:
        raise UsageError("--interact runs the cell by a button, --async at once", where=where)
    names = names_in(job.code, rules_for(notebook, magic, job))
    if not names:
        raise UsageError("There is no {{name}} in this cell to make a widget for", where=where)
    variables = notebook.shell.user_ns
    fields = {name: field_of(name, variables.get(name), where) for name in names}
    button = ipywidgets.Button(description="Run", button_style="primary", icon="play")
    wide = f"{max(map(len, fields)) + 2}ch"  # names are read whole, fields stand in a column
    for field in fields.values():
        field.style.description_width = wide
    below = ipywidgets.Output()
    screen = WidgetScreen(below)

    def press(_: Any) -> None:
        button.disabled = True
        screen.clear()
        try:
            with below:  # what fails otherwise than by an error of ours shows there too
                values = {name: field.value for name, field in fields.items()}
                run_with(notebook, magic, job, values, screen)
        except KeyboardInterrupt:
            pass  # the line says what came of it
        finally:
            button.disabled = False

    button.on_click(press)
    told = ", ".join(f"{name} = {field.value!r}" for name, field in fields.items())
    view = ipywidgets.VBox([*fields.values(), button, below])._repr_mimebundle_()
    notebook.screen.show({**view, "text/plain": f"Widgets for {told}; Run runs the cell"})


def run_with(
    notebook: Notebook,
    magic: CellMagic,
    job: Job,
    values: Mapping[str, Any],
    screen: WidgetScreen,
) -> None:
    """Run the cell once, its parameters having these values; its errors show on the screen."""
    from emr_nb.notebook.cells import with_inputs
    from emr_nb.notebook.errors import short_errors
    from emr_nb.notebook.series import Series

    try:
        with short_errors(job.code, job.first_line, sql=True, seen=notebook.saw_error):
            ready = prepared(notebook, magic, job, {**notebook.shell.user_ns, **values})
            Series(notebook, screen=screen).run(with_inputs(notebook, ready))
    except EmrError as error:
        render = getattr(error, "_render_traceback_", None)
        screen.fail(error, render() if render is not None else str(error).split("\n"))


def field_of(name: str, value: Any, where: str) -> Any:
    """Return the widget for a variable's value; a variable that is not there is a text."""
    import ipywidgets

    if isinstance(value, (list, tuple)):
        chosen, rows = tuple(value), max(2, min(len(value), _MOST_ROWS))
        return ipywidgets.SelectMultiple(description=name, options=value, value=chosen, rows=rows)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        raise UsageError(f"{name} is too large a number for a widget", where=where)
    kinds: tuple[tuple[type, Any], ...] = (
        (bool, ipywidgets.Checkbox),
        (int, ipywidgets.IntText),
        (float, ipywidgets.FloatText),
        (str, ipywidgets.Text),
        (dt.datetime, _picker(value)),
        (dt.date, ipywidgets.DatePicker),
    )
    for kind, widget in kinds:
        if isinstance(value, kind):
            return widget(description=name, value=value)
    if value is not None:
        raise UsageError(
            f"{name} is a {type(value).__name__}, and no widget shows one",
            where=where,
            advice="Widgets show bool, int, float, str, date, datetime and lists.",
        )
    return ipywidgets.Text(description=name)


def _picker(value: Any) -> Any:
    import ipywidgets

    zoned = getattr(value, "tzinfo", None) is not None
    return ipywidgets.DatetimePicker if zoned else ipywidgets.NaiveDatetimePicker
