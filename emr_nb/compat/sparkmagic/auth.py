"""The authenticator that sparkmagic is given: the attached cluster, and who we are there.

In `config.json`: `"authenticators": {"emr_nb": "emr_nb.compat.sparkmagic.auth.EmrAuthenticator"}`.
Importing this module imports sparkmagic; only sparkmagic itself does so.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from sparkmagic.auth.customauth import Authenticator

from emr_nb.compat.sparkmagic import PLACEHOLDER
from emr_nb.compat.sparkmagic.place import LivyPlace, current_place, place_at


class EmrAuthenticator(Authenticator):  # type: ignore[misc]  # sparkmagic publishes no types
    """Sends requests for the placeholder URL to the attached cluster, dressed as ours are.

    The cluster is looked up at the first request and stays: a session of one cluster must not
    be looked for on another that was attached since. May be called from several threads.
    Raises what `emr_nb.attach` raises.
    """

    def __init__(self, parsed_attributes: Any = None) -> None:
        super().__init__(parsed_attributes)
        if parsed_attributes is None:
            self.url = PLACEHOLDER
        self._lock = threading.Lock()
        self._place: LivyPlace | None = None

    def get_widgets(self, widget_width: str) -> Any:
        """Return the address field that %manage_spark shows, with an address that works."""
        widgets = super().get_widgets(widget_width)
        self.address_widget.value = PLACEHOLDER
        return widgets

    def __call__(self, request: Any) -> Any:
        """Dress one request of the `requests` library, which sends it where its URL says."""
        place = self._found()
        if request.url.startswith(PLACEHOLDER):
            request.url = place.url + request.url[len(PLACEHOLDER) :]
        request.headers.update(place.auth.headers(request.method, request.url))
        return request

    def _found(self) -> LivyPlace:
        from IPython.core.getipython import get_ipython

        with self._lock:
            if self._place is not None:
                return self._place
            shell = get_ipython()
            if self.url.rstrip("/") != PLACEHOLDER:
                self._place = place_at(shell, self.url)
                return self._place
            self._place = current_place(shell)
        sys.stdout.write(f"emr_nb: Spark on {self._place.name}\n")
        return self._place
